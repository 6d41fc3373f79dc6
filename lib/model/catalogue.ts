import { originalSampling, type Sampling } from "./Sampling.js";

/** Where the weights come from. */
export type ModelSource =
  /** A file in the repository's `models/`. */
  | { kind: "embedded"; file: string }
  /** A file on the Hugging Face hub. The revision is a commit, or a branch or tag, which counts as what it is at the first download. */
  | { kind: "hub"; repository: string; file: string; revision: string }
  /** A file of the user's. */
  | { kind: "path"; path: string };

/** A model that can be named in CHAT_MODEL. */
export interface CatalogueEntry {
  name: string;
  title: string;
  source: ModelSource;
  sizeBytes: number | undefined;
  /** SHA-256 of the file in hexadecimal; undefined where nobody has told it: then the hub's own figure at the download counts. */
  sha256: string | undefined;
  licence: string | undefined;
  /** What a person must know of the licence before the download; undefined for licences that ask nothing of who only uses the model. */
  licenceNotice?: string | undefined;
  /** Tokens that one conversation may hold, prompt and reply together. */
  contextSize: number;
  /** Conversations that generate at once by default. */
  sequences: number;
  /** Bytes that one token takes in the context: 2 (key, value) x 2 (16 bit) x layers x KV heads x head size. Undefined where unknown. */
  kvBytesPerToken?: number | undefined;
  /** CPU threads; undefined leaves the choice to llama.cpp. */
  threads: number | undefined;
  /** Whether the model thinks before it answers, where its chat template has a switch for that. Default false: a chat waits for the reply meanwhile. */
  thinking?: boolean | undefined;
  /** What the model's makers recommend; for Llama 2 the original walkthrough's. */
  sampling: Sampling;
}

const llama2Notice = "Llama 2 is licensed under the LLAMA 2 Community License, Copyright (c) Meta Platforms, Inc. All Rights Reserved. "
  + "Downloading and using it means accepting that licence and its acceptable use policy: https://ai.meta.com/llama/license/";

const qwen: Sampling = { temperature: 0.7, topP: 0.8, topK: 20, repeatPenalty: 1.1, maxTokens: 250 };

/** Sizes, SHA-256 and commits are the hub's own figures, compared in independent public records of them. */
export const catalogue: readonly CatalogueEntry[] = [
  {
    name: "marvin",
    title: "Marvin, the embedded model",
    source: { kind: "embedded", file: "marvin-q8_0.gguf" },
    sizeBytes: 3_312_832,
    sha256: "dbf53bc996ceece1ae80ac513cc288b0a4b6e4a38f5ff2c316630ca200b977b9",
    licence: "MIT",
    contextSize: 1024,
    sequences: 8,
    kvBytesPerToken: 4_608,
    // More threads make a model this small slower: 18 times slower with two than with one on two cores.
    threads: 1,
    sampling: { temperature: 0, topP: 1, topK: 0, repeatPenalty: 1, maxTokens: 250 },
  },
  {
    name: "qwen2.5-0.5b",
    title: "Qwen2.5 0.5B Instruct, for any CPU",
    source: { kind: "hub", repository: "Qwen/Qwen2.5-0.5B-Instruct-GGUF", file: "qwen2.5-0.5b-instruct-q4_k_m.gguf", revision: "9217f5db79a29953eb74d5343926648285ec7e67" },
    sizeBytes: 491_400_032,
    sha256: "74a4da8c9fdbcd15bd1f6d01d621410d31c6fc00986f5eb687824e7b93d7a9db",
    licence: "Apache-2.0",
    contextSize: 2048,
    sequences: 4,
    kvBytesPerToken: 12_288,
    threads: undefined,
    sampling: qwen,
  },
  {
    name: "qwen2.5-1.5b",
    title: "Qwen2.5 1.5B Instruct, for a CPU",
    source: { kind: "hub", repository: "Qwen/Qwen2.5-1.5B-Instruct-GGUF", file: "qwen2.5-1.5b-instruct-q4_k_m.gguf", revision: "91cad51170dc346986eccefdc2dd33a9da36ead9" },
    sizeBytes: 1_117_320_736,
    sha256: "6a1a2eb6d15622bf3c96857206351ba97e1af16c30d7a74ee38970e434e9407e",
    licence: "Apache-2.0",
    contextSize: 2048,
    sequences: 4,
    kvBytesPerToken: 28_672,
    threads: undefined,
    sampling: qwen,
  },
  {
    name: "smollm2-1.7b",
    title: "SmolLM2 1.7B Instruct, for a CPU",
    source: { kind: "hub", repository: "HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF", file: "smollm2-1.7b-instruct-q4_k_m.gguf", revision: "2d4a76a30b4af41ecd395c35725ac11688d4cfe4" },
    sizeBytes: 1_055_609_536,
    sha256: "decd2598bc2c8ed08c19adc3c8fdd461ee19ed5708679d1c54ef54a5a30d4f33",
    licence: "Apache-2.0",
    contextSize: 2048,
    sequences: 4,
    kvBytesPerToken: 196_608,
    threads: undefined,
    sampling: { temperature: 0.2, topP: 0.9, topK: 0, repeatPenalty: 1, maxTokens: 250 },
  },
  {
    name: "llama-2-7b-chat",
    title: "Llama-2-7B-Chat, the original walkthrough's model",
    source: { kind: "hub", repository: "TheBloke/Llama-2-7B-Chat-GGUF", file: "llama-2-7b-chat.Q4_K_M.gguf", revision: "191239b3e26b2882fb562ffccdd1cf0f65402adb" },
    sizeBytes: 4_081_004_224,
    sha256: "08a5566d61d7cb6b420c3e4387a39e0078e1f2fe5f055f3a03887385304d4bfa",
    licence: "LLAMA 2 Community License",
    licenceNotice: llama2Notice,
    contextSize: 2048,
    // A full conversation takes 1 GiB of context here, so few at once.
    sequences: 2,
    kvBytesPerToken: 524_288,
    threads: undefined,
    sampling: originalSampling,
  },
  {
    name: "qwen3-4b",
    title: "Qwen3 4B Instruct 2507, for a small GPU or a fast CPU",
    source: { kind: "hub", repository: "unsloth/Qwen3-4B-Instruct-2507-GGUF", file: "Qwen3-4B-Instruct-2507-Q4_K_M.gguf", revision: "a06e946bb6b655725eafa393f4a9745d460374c9" },
    sizeBytes: 2_497_281_120,
    sha256: "3605803b982cb64aead44f6c1b2ae36e3acdb41d8e46c8a94c6533bc4c67e597",
    licence: "Apache-2.0",
    contextSize: 4096,
    sequences: 4,
    kvBytesPerToken: 147_456,
    threads: undefined,
    sampling: { ...qwen, repeatPenalty: 1, maxTokens: 500 },
  },
  {
    name: "qwen3-8b",
    title: "Qwen3 8B, for a GPU",
    source: { kind: "hub", repository: "Qwen/Qwen3-8B-GGUF", file: "Qwen3-8B-Q4_K_M.gguf", revision: "7c41481f57cb95916b40956ab2f0b139b296d974" },
    sizeBytes: 5_027_783_488,
    sha256: "d98cdcbd03e17ce47681435b5150e34c1417f50b5c0019dd560e4882c5745785",
    licence: "Apache-2.0",
    contextSize: 8192,
    sequences: 4,
    kvBytesPerToken: 147_456,
    threads: undefined,
    // Its makers' sampling for replies without thoughts; with `thinking` they recommend temperature 0.6 and topP 0.95.
    sampling: { ...qwen, repeatPenalty: 1, maxTokens: 500 },
  },
];
