import type { LlamaContext, LlamaContextSequence, LlamaModel } from "node-llama-cpp";
import type { OnProgress } from "../progress.js";
import { isSequenceCount, MAX_SEQUENCES, readSettings } from "../settings.js";
import { chatTemplateOf } from "./chatTemplateOf.js";
import { loadFitting } from "./loadFitting.js";
import { describeDevice, type LlamaDevice, loadLlama } from "./loadLlama.js";
import { PromptEncoder } from "./PromptEncoder.js";
import { type ResolvedModel, resolveModel } from "./resolveModel.js";
import type { Sampling } from "./Sampling.js";
import { SequencePool } from "./SequencePool.js";

export interface LoadModelOptions {
  /** Catalogue name, `hf:` address or path to a .gguf. Default: CHAT_MODEL, else the embedded model. */
  model?: string;
  /** Bytes of the download, where the model is not on this machine yet. */
  onProgress?: OnProgress;
  /** Sentences that a person should see: of a download the licence and why it is tried again, and too little memory. */
  onNotice?: (sentence: string) => void;
  /** Tokens that one conversation may hold. Default: the catalogue's figure, at most what the model was trained for. */
  contextSize?: number;
  /** Conversations that generate at once, 1 to 256; fewer do where memory is short. Default: CHAT_SEQUENCES, else the catalogue's figure. */
  sequences?: number | undefined;
  /** Processor threads that llama.cpp computes with. Default: the catalogue's figure, else llama.cpp's choice. */
  threads?: number | undefined;
  /** Whether the model thinks before it answers, where its chat template has a switch for that. Default: the catalogue's choice, else false. */
  thinking?: boolean;
  signal?: AbortSignal;
}

/** A model in memory, ready to generate. */
export class LoadedModel {
  private disposed: Promise<void> | undefined;

  constructor(
    private readonly resolved: ResolvedModel,
    readonly device: LlamaDevice,
    private readonly model: LlamaModel,
    private readonly context: LlamaContext,
    readonly sequences: SequencePool<LlamaContextSequence>,
    /** Makes prompts by the model's chat template. */
    readonly prompts: PromptEncoder,
  ) {}

  /** The family of the chat template in use. */
  get template(): string {
    return this.prompts.template.name;
  }

  get name(): string {
    return this.resolved.entry.name;
  }

  get title(): string {
    return this.resolved.entry.title;
  }

  get path(): string {
    return this.resolved.path;
  }

  /** SHA-256 of the model file, in hexadecimal. */
  get sha256(): string {
    return this.resolved.sha256;
  }

  /** The sampling that the catalogue recommends for this model. */
  get sampling(): Sampling {
    return this.resolved.entry.sampling;
  }

  /** Tokens that one conversation may hold, prompt and reply together. */
  get contextSize(): number {
    return this.context.contextSize;
  }

  /** Layers that run on a GPU. */
  get gpuLayers(): number {
    return this.model.gpuLayers;
  }

  /** What it runs on, for people: `cpu`, or the kind of GPU with the layers that are on it. */
  get runsOn(): string {
    const { backend } = this.device;
    return backend === "cpu" ? backend : `${backend} (${this.gpuLayers} of ${this.model.fileInsights.totalLayers} layers)`;
  }

  /** The number of tokens of a text, in which control tokens of the template count as plain text. */
  countTokens(text: string): number {
    return this.model.tokenize(text, false).length;
  }

  /** Frees the memory. May be called more than once; generations under way must have ended. */
  dispose(): Promise<void> {
    return (this.disposed ??= (async () => {
      await this.context.dispose();
      await this.model.dispose();
    })());
  }
}

/**
 * Loads a model into memory: as many layers on the GPU as have room there beside the context, the rest on the CPU.
 * @throws ModelError when there is no such model, its chat template cannot be used, or memory does not suffice; RangeError for a number of
 *   sequences that llama.cpp does not know; Error of llama.cpp when the file is no GGUF.
 */
export async function loadModel({ model: spec = readSettings().chatModel, contextSize, sequences = readSettings().chatSequences, threads, thinking, onProgress, onNotice, signal }: LoadModelOptions = {}): Promise<LoadedModel> {
  if (sequences !== undefined && !isSequenceCount(sequences)) throw new RangeError(`loadModel() was asked for ${sequences} sequences, but there are 1 to ${MAX_SEQUENCES}`);
  const resolved = await resolveModel(spec, { contextSize, sequences, onProgress, onNotice, signal });
  const { entry } = resolved;
  const { model, context } = await loadFitting(await loadLlama(), {
    path: resolved.path,
    title: entry.title,
    contextSize: entry.contextSize,
    atMostTrained: contextSize === undefined,
    sequences: entry.sequences,
    threads: threads ?? entry.threads,
    onNotice,
    signal,
  });
  try {
    const prompts = new PromptEncoder(chatTemplateOf(model, { thinking: thinking ?? entry.thinking ?? false }), model);
    const pool = new SequencePool(Array.from({ length: context.totalSequences }, () => context.getSequence()));
    return new LoadedModel(resolved, await describeDevice(), model, context, pool, prompts);
  } catch (error) {
    await context.dispose();
    await model.dispose();
    throw error;
  }
}
