import kafkajs from "kafkajs";

/** Header that marks a record which stands in for a batch that could not be decompressed. */
export const UNSUPPORTED_CODEC_HEADER = "kafka-llm-chat-unsupported-codec";

/**
 * Lets a consumer read past a batch in a codec that kafkajs lacks, however many records it holds.
 *
 * By default such a batch stops the consumer for ever: kafkajs throws before any handler sees it. The codecs registered
 * here give as many records as the batch has, which say which codec it was: the first carries the compressed bytes as its
 * value, the rest are empty.
 */
export function registerUnsupportedCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  for (const [name, type] of [["snappy", CompressionTypes.Snappy], ["lz4", CompressionTypes.LZ4], ["zstd", CompressionTypes.ZSTD]] as const) {
    CompressionCodecs[type] = () => ({
      compress: () => Promise.reject(new Error(`${name} compression is not available: use gzip`)),
      decompress: async (compressed: Buffer) => standIns(compressed, name),
    });
  }
}

function standIns(compressed: Buffer, codec: string): Buffer {
  return Buffer.concat(Array.from({ length: recordsIn(compressed) }, (_, index) => encodeRecord(index, index === 0 ? compressed : null, codec)));
}

/** In a batch the number of its records stands right before them, and kafkajs hands over the rest of the batch without copying it. */
function recordsIn(compressed: Buffer): number {
  return Buffer.from(compressed.buffer, compressed.byteOffset - 4, 4).readInt32BE();
}

/** One record in the encoding of Kafka's record batch format, version 2 (Kafka documentation, "Record"). */
function encodeRecord(offsetDelta: number, value: Buffer | null, codec: string): Buffer {
  const header = [varint(1), bytes(Buffer.from(UNSUPPORTED_CODEC_HEADER)), bytes(Buffer.from(codec))];
  const noKey = varint(-1);
  const body = Buffer.concat([Buffer.from([0]), varint(0), varint(offsetDelta), noKey, value === null ? varint(-1) : bytes(value), ...header]);
  return Buffer.concat([varint(body.length), body]);
}

function bytes(content: Buffer): Buffer {
  return Buffer.concat([varint(content.length), content]);
}

/** Signed integer, zig-zag, seven bits a byte. */
function varint(value: number): Buffer {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  const out: number[] = [];
  while (rest > 0x7f) {
    out.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
  return Buffer.from(out);
}
