import { writeFile } from "node:fs/promises";

/** A vocabulary and a chat template in a model of some hundred kilobytes, which llama.cpp loads as any other. */
export interface TinyModel {
  chatTemplate: string | undefined;
  /** `bpe` as in GPT-2 and its successors, `spm` as in Llama 2: pieces with `▁` for a space. */
  tokenizer: "bpe" | "spm";
  /** How the text is split before BPE: llama.cpp's name. Default `gpt-2`. */
  pre?: string;
  /** Words that have tokens of their own. */
  words?: string[];
  /** Control tokens besides `<s>`, `</s>` and `<unk>`. */
  control?: string[];
  /** Tokens that are matched in any text: what Hugging Face calls added, but not special. */
  userDefined?: string[];
  bos?: string;
  eos?: string;
  /** Whether the tokenizer begins every text with `bos`. Default true. */
  addBos?: boolean;
  /** SPM: whether a space is put before a text. Default true. */
  addSpacePrefix?: boolean;
  /** What the model writes: after each of these tokens the next one. */
  writes?: string[];
}

const NORMAL = 1, UNKNOWN = 2, CONTROL = 3, USER_DEFINED = 4, BYTE = 6;
const WIDTH = 128;

interface Vocabulary {
  tokens: string[];
  types: number[];
  scores: number[];
  merges: string[];
}

/** Writes the model as a GGUF file of version 3 (ggml-org/ggml, docs/gguf.md). */
export async function writeTinyModel(file: string, model: TinyModel): Promise<void> {
  const vocabulary = vocabularyOf(model);
  const { tokens, types, scores, merges } = vocabulary;
  const id = (token: string): number => {
    const found = tokens.indexOf(token);
    if (found < 0) throw new Error(`The tiny model has no token ${token}`);
    return found;
  };
  const metadata: [string, Buffer][] = [
    ["general.architecture", string("llama")],
    ["general.name", string("tiny")],
    ["llama.block_count", u32(1)],
    ["llama.context_length", u32(2048)],
    ["llama.embedding_length", u32(WIDTH)],
    ["llama.feed_forward_length", u32(32)],
    ["llama.attention.head_count", u32(2)],
    ["llama.attention.head_count_kv", u32(2)],
    ["llama.attention.layer_norm_rms_epsilon", f32(1e-5)],
    ["llama.rope.dimension_count", u32(WIDTH / 2)],
    ["llama.vocab_size", u32(tokens.length)],
    ["tokenizer.ggml.model", string(model.tokenizer === "bpe" ? "gpt2" : "llama")],
    ...model.tokenizer === "bpe" ? [["tokenizer.ggml.pre", string(model.pre ?? "gpt-2")] as [string, Buffer]] : [],
    ["tokenizer.ggml.tokens", array(tokens.map(string))],
    ["tokenizer.ggml.token_type", array(types.map(i32))],
    ...model.tokenizer === "bpe"
      ? [["tokenizer.ggml.merges", array(merges.map(string))] as [string, Buffer]]
      : [["tokenizer.ggml.scores", array(scores.map(f32))], ["tokenizer.ggml.add_space_prefix", bool(model.addSpacePrefix ?? true)], ["tokenizer.ggml.unknown_token_id", u32(0)]] as [string, Buffer][],
    ["tokenizer.ggml.bos_token_id", u32(id(model.bos ?? "<s>"))],
    ["tokenizer.ggml.eos_token_id", u32(id(model.eos ?? "</s>"))],
    ["tokenizer.ggml.add_bos_token", bool(model.addBos ?? true)],
    ...model.chatTemplate === undefined ? [] : [["tokenizer.chat_template", string(model.chatTemplate)] as [string, Buffer]],
  ];
  const next = (model.writes ?? []).map(id);
  const tensors = weights(tokens.length, next.slice(1).map((token, index) => [next[index] ?? 0, token]));
  let offset = 0;
  const infos = tensors.map(({ name, shape, data }) => {
    const info = Buffer.concat([text(name), raw32(shape.length), ...shape.map(raw64), raw32(0), raw64(offset)]);
    offset += padded(data.byteLength);
    return info;
  });
  const head = Buffer.concat([
    Buffer.from("GGUF"), raw32(3), raw64(tensors.length), raw64(metadata.length),
    ...metadata.flatMap(([key, value]) => [text(key), value]), ...infos,
  ]);
  await writeFile(file, Buffer.concat([pad(head), ...tensors.map(({ data }) => pad(Buffer.from(data.buffer)))]));
}

function vocabularyOf({ tokenizer, words = [], control = [], userDefined = [] }: TinyModel): Vocabulary {
  const vocabulary: Vocabulary = { tokens: [], types: [], scores: [], merges: [] };
  const add = (token: string, type: number, score = 0): void => {
    if (vocabulary.tokens.includes(token)) return;
    vocabulary.tokens.push(token);
    vocabulary.types.push(type);
    vocabulary.scores.push(score);
  };
  add("<unk>", UNKNOWN);
  for (const token of ["<s>", "</s>", ...control]) add(token, CONTROL);
  for (const token of userDefined) add(token, USER_DEFINED);
  if (tokenizer === "bpe") for (let byte = 0; byte < 256; byte++) add(byteCharacter(byte), NORMAL);
  else {
    for (let byte = 0; byte < 256; byte++) add(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`, BYTE);
    for (const character of ["▁", ...Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index))]) add(character, NORMAL, -1000);
  }
  for (const word of words) {
    const letters = [...tokenizer === "bpe" ? [...Buffer.from(word)].map(byteCharacter).join("") : word.replaceAll(" ", "▁")];
    for (let length = 2; length <= letters.length; length++) {
      add(letters.slice(0, length).join(""), NORMAL, -vocabulary.tokens.length);
      vocabulary.merges.push(`${letters.slice(0, length - 1).join("")} ${letters[length - 1] ?? ""}`);
    }
  }
  return { ...vocabulary, merges: [...new Set(vocabulary.merges)] };
}

/** GPT-2's alphabet: each byte a visible character. */
function byteCharacter(byte: number): string {
  const visible = (value: number): boolean => (value >= 33 && value <= 126) || (value >= 161 && value <= 172) || value >= 174;
  if (visible(byte)) return String.fromCharCode(byte);
  return String.fromCharCode(256 + Array.from({ length: byte }, (_, value) => value).filter((value) => !visible(value)).length);
}

/**
 * One layer that does nothing, between embeddings that are nearly at right angles to each other and an output that looks for
 * the embedding of the token before: so what comes next hangs on the last token alone.
 */
function weights(tokens: number, pairs: [number, number][]): { name: string; shape: number[]; data: Float32Array }[] {
  let state = 12_345;
  const sign = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) & 1 ? 1 : -1;
  };
  const embeddings = new Float32Array(tokens * WIDTH).map(sign);
  const output = new Float32Array(tokens * WIDTH);
  for (const [from, to] of pairs) for (let index = 0; index < WIDTH; index++) output[to * WIDTH + index] = (output[to * WIDTH + index] ?? 0) + (embeddings[from * WIDTH + index] ?? 0);
  const ones = { shape: [WIDTH], data: new Float32Array(WIDTH).fill(1) };
  const zeros = (width: number, height: number): { shape: number[]; data: Float32Array } => ({ shape: [width, height], data: new Float32Array(width * height) });
  return [
    { name: "token_embd.weight", shape: [WIDTH, tokens], data: embeddings },
    { name: "output_norm.weight", ...ones },
    { name: "output.weight", shape: [WIDTH, tokens], data: output },
    { name: "blk.0.attn_norm.weight", ...ones },
    ...["q", "k", "v", "output"].map((part) => ({ name: `blk.0.attn_${part}.weight`, ...zeros(WIDTH, WIDTH) })),
    { name: "blk.0.ffn_norm.weight", ...ones },
    { name: "blk.0.ffn_gate.weight", ...zeros(WIDTH, 32) },
    { name: "blk.0.ffn_up.weight", ...zeros(WIDTH, 32) },
    { name: "blk.0.ffn_down.weight", ...zeros(32, WIDTH) },
  ];
}

/** Values with their type before them, as metadata has them. */
const u32 = (value: number): Buffer => Buffer.concat([raw32(4), raw32(value)]);
const i32 = (value: number): Buffer => Buffer.concat([raw32(5), raw32(value)]);
const f32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([raw32(6), bytes]);
};
const bool = (value: boolean): Buffer => Buffer.concat([raw32(7), Buffer.from([value ? 1 : 0])]);
const string = (value: string): Buffer => Buffer.concat([raw32(8), text(value)]);
/** Of values of one type, which stands once before them. */
const array = (values: Buffer[]): Buffer => Buffer.concat([raw32(9), values[0]?.subarray(0, 4) ?? raw32(8), raw64(values.length), ...values.map((value) => value.subarray(4))]);

function raw32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function raw64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([raw64(bytes.length), bytes]);
}

/** GGUF's alignment is 32 bytes. */
function padded(length: number): number {
  return Math.ceil(length / 32) * 32;
}

function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(padded(bytes.length) - bytes.length)]);
}
