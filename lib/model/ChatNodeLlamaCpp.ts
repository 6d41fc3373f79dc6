import { randomInt } from "node:crypto";
import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import { BaseChatModel, type BaseChatModelCallOptions, type BaseChatModelParams } from "@langchain/core/language_models/chat_models";
import { AIMessage, AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";
import type { ChatHistoryItem } from "node-llama-cpp";
import { AsyncQueue } from "../AsyncQueue.js";
import type { LoadedModel } from "./loadModel.js";
import type { Sampling } from "./Sampling.js";

export interface ChatNodeLlamaCppFields extends BaseChatModelParams, Partial<Sampling> {
  model: LoadedModel;
}

export interface ChatNodeLlamaCppCallOptions extends BaseChatModelCallOptions {
  /** Names a conversation, so that it gets the sequence whose cache holds its prompt so far. */
  conversation?: string;
  seed?: number;
}

/** How a reply came about, and what it took; in the `response_metadata` of the reply. Durations are milliseconds. */
export interface GenerationFacts {
  model: string;
  /** SHA-256 of the model file. */
  modelSha256: string;
  /** With the seed that was used: the same prompt and sampling give the same reply again. */
  sampling: Sampling;
  /** Wait for a free sequence. */
  queueMs: number;
  /** From the sequence to the first text; undefined when there was none. */
  firstTokenMs: number | undefined;
  totalMs: number;
  /** Prompt tokens that had to be evaluated, and those found in the sequence's cache. */
  promptTokensEvaluated: number;
  promptTokensReused: number;
  replyTokens: number;
  /** From the first text on. */
  tokensPerSecond: number | undefined;
  /** `eogToken`: the model ended by itself; `maxTokens`; `stopGenerationTrigger`. */
  stopReason: string;
}

/** The prompt does not fit the context, so no retry can help. */
export class PromptTooLongError extends Error {
  override name = "PromptTooLongError";
}

/**
 * A LangChain chat model over node-llama-cpp. Calls run at the same time on the sequences of one context, which llama.cpp
 * evaluates together; a call that finds none free waits. What people type is text: control tokens in it have no effect.
 */
export class ChatNodeLlamaCpp extends BaseChatModel<ChatNodeLlamaCppCallOptions, AIMessageChunk> {
  readonly model: LoadedModel;
  readonly sampling: Sampling;

  static override lc_name(): string {
    return "ChatNodeLlamaCpp";
  }

  constructor({ model, temperature, topP, topK, repeatPenalty, maxTokens, seed, ...rest }: ChatNodeLlamaCppFields) {
    super(rest);
    this.model = model;
    this.sampling = { ...model.sampling, ...withoutUndefined({ temperature, topP, topK, repeatPenalty, maxTokens, seed }) };
  }

  get modelName(): string {
    return this.model.name;
  }

  /** The number of tokens of a text; control tokens of the template count as plain text. */
  countTokens(text: string): number {
    return this.model.countTokens(text);
  }

  override _llmType(): string {
    return "node-llama-cpp";
  }

  override async getNumTokens(content: Parameters<BaseChatModel["getNumTokens"]>[0]): Promise<number> {
    return this.model.countTokens(typeof content === "string" ? content : content.map((block) => ("text" in block && typeof block.text === "string" ? block.text : "")).join(""));
  }

  override async _generate(messages: BaseMessage[], options: this["ParsedCallOptions"], runManager?: CallbackManagerForLLMRun): Promise<ChatResult> {
    let whole: ChatGenerationChunk | undefined;
    for await (const chunk of this._streamResponseChunks(messages, options, runManager)) whole = whole === undefined ? chunk : whole.concat(chunk);
    const text = whole?.text ?? "";
    const message = new AIMessage({ content: text, response_metadata: whole?.message.response_metadata ?? {} });
    return { generations: [{ text, message }] };
  }

  override async *_streamResponseChunks(messages: BaseMessage[], options: this["ParsedCallOptions"], runManager?: CallbackManagerForLLMRun): AsyncGenerator<ChatGenerationChunk> {
    const asked = performance.now();
    // Aborted when the caller stops reading, so that nothing goes on generating for nobody.
    const left = new AbortController();
    const signal = options.signal === undefined ? left.signal : AbortSignal.any([options.signal, left.signal]);
    const lease = await this.model.sequences.acquire(options.conversation, signal);
    const queue = new AsyncQueue<string>();
    try {
      const started = performance.now();
      let firstTokenMs: number | undefined;
      const { chat, sequence } = lease.sequence;
      const meterBefore = sequence.tokenMeter.getState();
      const history = toHistory(messages);
      this.checkLength(history);
      const { temperature, topP, topK, repeatPenalty, maxTokens } = this.sampling;
      const seed = options.seed ?? this.sampling.seed ?? randomInt(2 ** 32 - 1);
      const response = chat.generateResponse([...history, { type: "model", response: [] }], {
        signal, temperature, topP, topK, maxTokens, seed,
        repeatPenalty: repeatPenalty === 1 ? false : { penalty: repeatPenalty, lastTokens: 64 },
        ...(options.stop === undefined ? {} : { customStopTriggers: options.stop }),
        onTextChunk: (text) => {
          firstTokenMs ??= performance.now() - started;
          queue.push(text);
        },
      });
      const ended = response.then(() => queue.end(), (error: unknown) => queue.fail(error));
      try {
        for await (const text of queue) {
          yield new ChatGenerationChunk({ text, message: new AIMessageChunk({ content: text }) });
          await runManager?.handleLLMNewToken(text);
        }
      } finally {
        left.abort(new Error("nobody reads the reply any more"));
        await ended;
      }
      const { metadata } = await response;
      const used = sequence.tokenMeter.diff(meterBefore);
      const totalMs = performance.now() - started;
      const facts: GenerationFacts = {
        model: this.model.name,
        modelSha256: this.model.sha256,
        sampling: { ...this.sampling, seed },
        queueMs: started - asked,
        firstTokenMs,
        totalMs,
        promptTokensEvaluated: used.usedInputTokens,
        promptTokensReused: Math.max(0, sequence.contextTokens.length - used.usedInputTokens - used.usedOutputTokens),
        replyTokens: used.usedOutputTokens,
        tokensPerSecond: firstTokenMs === undefined || totalMs <= firstTokenMs ? undefined : used.usedOutputTokens / ((totalMs - firstTokenMs) / 1000),
        stopReason: metadata.stopReason,
      };
      yield new ChatGenerationChunk({ text: "", message: new AIMessageChunk({ content: "", response_metadata: { ...facts } }) });
    } finally {
      lease.release();
    }
  }

  /** Room for the template and the first tokens of a reply; node-llama-cpp drops old messages itself, but never the last one. */
  private checkLength(history: ChatHistoryItem[]): void {
    const last = history.at(-1);
    const system = history[0]?.type === "system" ? textOf(history[0]) : "";
    const tokens = this.model.countTokens(system) + (last === undefined ? 0 : this.model.countTokens(textOf(last)));
    const limit = this.model.contextSize - 64;
    if (tokens <= limit) return;
    throw new PromptTooLongError(`The message is too long for ${this.model.name}: with the persona it has ${tokens} tokens, and the context of ${this.model.contextSize} has room for ${limit}.`);
  }
}

function toHistory(messages: BaseMessage[]): ChatHistoryItem[] {
  return messages.map((message): ChatHistoryItem => {
    const type = message.getType();
    if (type === "system") return { type: "system", text: message.text };
    if (type === "human") return { type: "user", text: message.text };
    if (type === "ai") return { type: "model", response: [message.text] };
    throw new Error(`A message of type "${type}" cannot be part of this chat: there are system, human and ai`);
  });
}

function textOf(item: ChatHistoryItem): string {
  if (item.type === "model") return item.response.filter((part) => typeof part === "string").join("");
  return typeof item.text === "string" ? item.text : JSON.stringify(item.text);
}

function withoutUndefined(fields: { [Name in keyof Sampling]?: Sampling[Name] | undefined }): Partial<Sampling> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
