import kafkajs from "kafkajs";

/** Header that marks a record which stands in for a batch that could not be decompressed. */
export const UNSUPPORTED_CODEC_HEADER = "kafka-llm-chat-unsupported-codec";

/**
 * Lets a consumer read past a batch in a codec that kafkajs lacks.
 *
 * By default such a batch stops the consumer for ever: kafkajs throws before any handler sees it. The codecs registered
 * here give records that say which codec it was instead: the first of the batch carries the compressed bytes as its
 * value, the rest are empty. kafkajs knows the number of records and reads that many; the codec does not, so it
 * offers more than any batch of the default size limit (1 MiB) can sensibly hold.
 */
export function registerUnsupportedCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  for (const [name, type] of [["snappy", CompressionTypes.Snappy], ["lz4", CompressionTypes.LZ4], ["zstd", CompressionTypes.ZSTD]] as const) {
    CompressionCodecs[type] = () => ({
      compress: () => Promise.reject(new Error(`${name} compression is not available: use gzip`)),
      decompress: (compressed: Buffer) => Promise.resolve(Buffer.concat([encodeRecord(0, compressed, name), emptyRecords(name)])),
    });
  }
}

const MOST_RECORDS_IN_A_BATCH = 200_000;
const emptyRecordsByCodec = new Map<string, Buffer>();

function emptyRecords(codec: string): Buffer {
  let records = emptyRecordsByCodec.get(codec);
  if (records === undefined) {
    records = Buffer.concat(Array.from({ length: MOST_RECORDS_IN_A_BATCH - 1 }, (_, index) => encodeRecord(index + 1, null, codec)));
    emptyRecordsByCodec.set(codec, records);
  }
  return records;
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
