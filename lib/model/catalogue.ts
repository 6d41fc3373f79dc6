import type { Sampling } from "./Sampling.js";

/** Where the weights come from. */
export type ModelSource =
  /** A file in the repository's `models/`. */
  | { kind: "embedded"; file: string }
  /** A file on the Hugging Face hub, at a fixed revision. */
  | { kind: "hub"; repository: string; file: string; revision: string }
  /** A file of the user's. */
  | { kind: "path"; path: string };

/** A model that can be named in CHAT_MODEL. */
export interface CatalogueEntry {
  name: string;
  title: string;
  source: ModelSource;
  sizeBytes: number | undefined;
  /** SHA-256 of the file in hexadecimal; undefined where nobody has told it. */
  sha256: string | undefined;
  licence: string | undefined;
  /** Tokens that one conversation may hold, prompt and reply together. */
  contextSize: number;
  /** Conversations that generate at once by default. */
  sequences: number;
  /** CPU threads; undefined leaves the choice to llama.cpp. */
  threads: number | undefined;
  sampling: Sampling;
}

export const catalogue: readonly CatalogueEntry[] = [
  {
    name: "marvin",
    title: "Marvin, the embedded model",
    source: { kind: "embedded", file: "marvin-q8_0.gguf" },
    sizeBytes: 3_833_536,
    sha256: "46af80b7a13dfff917e7ecd3ee31f943b45964bd121912514e887dc7f90257b0",
    licence: "MIT",
    contextSize: 512,
    sequences: 8,
    // More threads make a model this small slower: 18 times slower with two than with one on two cores.
    threads: 1,
    sampling: { temperature: 0, topP: 1, topK: 0, repeatPenalty: 1, maxTokens: 250 },
  },
];
