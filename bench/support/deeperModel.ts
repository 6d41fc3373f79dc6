import { readFile, writeFile } from "node:fs/promises";

/** Bytes of the scalar types of GGUF's metadata, by their number (ggml-org/ggml, docs/gguf.md); 8 is a text, 9 an array. */
const SCALAR_BYTES: Record<number, number> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
const [U32, TEXT, ARRAY] = [4, 8, 9];
const ALIGNMENT = 32;

interface Tensor {
  name: string;
  /** Shape and type as they stand in the file. */
  shapeAndType: Buffer;
  data: Buffer;
}

/**
 * Writes a model that says the same as another one of the llama architecture and takes so many times as long for it: blocks are
 * added whose outputs have weights of 0, so that llama.cpp computes all of them for nothing.
 */
export async function writeDeeperModel(from: string, to: string, times: number): Promise<void> {
  const model = readGguf(await readFile(from));
  const blocks = model.metadata.readUInt32LE(model.blockCountAt);
  const ofBlocks = model.tensors.filter(({ name }) => name.startsWith("blk."));
  const added = Array.from({ length: blocks * (times - 1) }, (_, at) => ofBlocks.filter(({ name }) => name.startsWith(`blk.${at % blocks}.`)).map((tensor): Tensor => {
    const name = tensor.name.replace(/^blk\.\d+/, `blk.${blocks + at}`);
    return { ...tensor, name, data: /\.(attn_output|ffn_down)\.weight$/.test(name) ? Buffer.alloc(tensor.data.length) : tensor.data };
  })).flat();
  const metadata = Buffer.from(model.metadata);
  metadata.writeUInt32LE(blocks * times, model.blockCountAt);
  await writeFile(to, writeGguf(metadata, model.entries, [...model.tensors, ...added]));
}

function readGguf(file: Buffer): { metadata: Buffer; entries: bigint; blockCountAt: number; tensors: Tensor[] } {
  const [tensorCount, entries] = [Number(file.readBigUInt64LE(8)), file.readBigUInt64LE(16)];
  const start = 24;
  let at = start;
  let blockCountAt = -1;
  const text = (): string => {
    const length = Number(file.readBigUInt64LE(at));
    at += 8 + length;
    return file.toString("utf8", at - length, at);
  };
  const skip = (type: number): void => {
    if (type === TEXT) text();
    else if (type === ARRAY) {
      const [items, count] = [file.readUInt32LE(at), Number(file.readBigUInt64LE(at + 4))];
      at += 12;
      for (let item = 0; item < count; item++) skip(items);
    } else at += SCALAR_BYTES[type] ?? Number.NaN;
  };
  for (let entry = 0n; entry < entries; entry++) {
    const key = text();
    const type = file.readUInt32LE(at);
    at += 4;
    if (key === "llama.block_count" && type === U32) blockCountAt = at - start;
    skip(type);
  }
  if (blockCountAt < 0) throw new Error("Only models of the llama architecture can be made deeper");
  const metadata = file.subarray(start, at);
  const infos = Array.from({ length: tensorCount }, () => {
    const name = text();
    const from = at;
    at += 4 + 8 * file.readUInt32LE(at) + 4;
    const shapeAndType = file.subarray(from, at);
    at += 8;
    return { name, shapeAndType, offset: Number(file.readBigUInt64LE(at - 8)) };
  });
  const data = file.subarray(padded(at));
  const ends = [...infos.map(({ offset }) => offset), data.length].sort((a, b) => a - b);
  // With what fills it up to the next one.
  const tensors = infos.map(({ name, shapeAndType, offset }) => ({ name, shapeAndType, data: data.subarray(offset, ends.find((end) => end > offset)) }));
  return { metadata, entries, blockCountAt, tensors };
}

function writeGguf(metadata: Buffer, entries: bigint, tensors: Tensor[]): Buffer {
  const head = Buffer.from([...Buffer.from("GGUF"), 3, 0, 0, 0, ...u64(BigInt(tensors.length)), ...u64(entries)]);
  let offset = 0;
  const infos = tensors.map(({ name, shapeAndType, data }) => {
    const info = Buffer.concat([u64(BigInt(Buffer.byteLength(name))), Buffer.from(name), shapeAndType, u64(BigInt(offset))]);
    offset += padded(data.length);
    return info;
  });
  const before = Buffer.concat([head, metadata, ...infos]);
  return Buffer.concat([filled(before), ...tensors.map(({ data }) => filled(data))]);
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function padded(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

function filled(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(padded(content.length) - content.length)]);
}
