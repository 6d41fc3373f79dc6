/** One step of long work, told as it goes on. */
export interface Progress {
  /** What is being done, as a person reads it: "Kafka 4.4.0", "llama-2-7b-chat.Q4_K_M.gguf". */
  what: string;
  done: number;
  total: number | undefined;
  /** With `percent` the total is 100. */
  unit: "bytes" | "files" | "percent";
}

export type OnProgress = (progress: Progress) => void;
