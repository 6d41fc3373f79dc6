import type { Llama, LlamaContext, LlamaModel } from "node-llama-cpp";
import { ModelError } from "./ModelError.js";

export interface LoadFittingOptions {
  /** Of the .gguf file. */
  path: string;
  /** Of the model, for people. */
  title: string;
  /** Tokens that one conversation may hold. */
  contextSize: number;
  /** Takes fewer tokens where the model was trained for fewer. */
  atMostTrained: boolean;
  /** Conversations that are to generate at once; fewer do where memory is short. */
  sequences: number;
  /** CPU threads; undefined leaves the choice to llama.cpp. */
  threads: number | undefined;
  /** Told, in a sentence, when there is room for fewer conversations. */
  onNotice: ((sentence: string) => void) | undefined;
  signal: AbortSignal | undefined;
}

/**
 * Loads a model with as many layers on the GPU as leave room for the context there; the rest is computed on the CPU. Where the
 * context of all conversations does not fit then either, half as many are tried, down to one.
 * @throws ModelError when memory does not suffice for one conversation; Error of llama.cpp when the file cannot be loaded.
 */
export async function loadFitting(llama: Pick<Llama, "loadModel" | "gpu">, options: LoadFittingOptions): Promise<{ model: LlamaModel; context: LlamaContext }> {
  const { title, sequences, contextSize, onNotice } = options;
  for (let count = sequences; ; count = Math.floor(count / 2)) {
    try {
      const loaded = await load(llama, { ...options, sequences: count });
      if (count < sequences) onNotice?.(`There is not enough free memory for ${sequences} conversations of ${contextSize} tokens at once with ${title}: ${count === 1 ? "one is" : `${count} are`} answered at once, and others wait.`);
      return loaded;
    } catch (error) {
      if (!await isShortOfMemory(error)) throw error;
      if (count > 1) continue;
      const off = llama.gpu === "cuda" ? ", leave the GPU out by LLAMA_CUDA=off" : "";
      throw new ModelError(`${title} finds too little free memory for even one conversation of ${contextSize} tokens (${(error as Error).message}). End other programs${off}, or choose a smaller model by CHAT_MODEL.`, { cause: error });
    }
  }
}

async function load(llama: Pick<Llama, "loadModel">, { path, contextSize, atMostTrained, sequences, threads, signal }: LoadFittingOptions): Promise<{ model: LlamaModel; context: LlamaContext }> {
  const model = await llama.loadModel({
    modelPath: path,
    // node-llama-cpp reckons with one sequence here, so that one gets the tokens of all.
    gpuLayers: { fitContext: { contextSize: contextSize * sequences } },
    ...(signal === undefined ? {} : { loadSignal: signal }),
  });
  try {
    const context = await model.createContext({
      contextSize: atMostTrained ? Math.min(contextSize, model.trainContextSize) : contextSize,
      sequences,
      ...(threads === undefined ? {} : { threads }),
      ...(signal === undefined ? {} : { createSignal: signal }),
    });
    return { model, context };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** node-llama-cpp's estimate says so beforehand; where the estimate was too low, llama.cpp gives no reason. */
async function isShortOfMemory(error: unknown): Promise<boolean> {
  const { InsufficientMemoryError } = await import("node-llama-cpp");
  return error instanceof InsufficientMemoryError || (error instanceof Error && error.message === "Failed to create context");
}
