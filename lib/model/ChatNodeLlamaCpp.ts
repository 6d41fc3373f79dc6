import { randomInt } from "node:crypto";
import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import { BaseChatModel, type BaseChatModelCallOptions, type BaseChatModelParams } from "@langchain/core/language_models/chat_models";
import { AIMessage, AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";
import type { Pausable } from "../TimeLimit.js";
import type { TemplateMessage } from "./ChatTemplate.js";
import type { LoadedModel } from "./loadModel.js";
import type { Prompt } from "./PromptEncoder.js";
import type { Sampling } from "./Sampling.js";
import { type ReplyTokens, writeReply } from "./writeReply.js";

export interface ChatNodeLlamaCppFields extends BaseChatModelParams, Partial<Sampling> {
  model: LoadedModel;
}

export interface ChatNodeLlamaCppCallOptions extends BaseChatModelCallOptions {
  /** Names a conversation, so that it gets the sequence whose cache holds its prompt so far. */
  conversation?: string;
  seed?: number;
  /** A limit that is paused while the call waits for a free sequence. */
  limit?: Pausable;
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
  /** Tokens of thoughts, which are no part of the reply. */
  thoughtTokens: number;
  replyTokens: number;
  /** From the first text on. */
  tokensPerSecond: number | undefined;
  /** `eogToken`: the model ended by itself; `maxTokens`; `customStopTrigger`: one of the call's `stop` texts. */
  stopReason: ReplyTokens["stopReason"];
}

/** The prompt does not fit the context, so no retry can help. */
export class PromptTooLongError extends Error {
  override name = "PromptTooLongError";
}

/**
 * A LangChain chat model over node-llama-cpp. Calls run at the same time on the sequences of one context, which llama.cpp
 * evaluates together; a call that finds none free waits. Prompts are those of the model's own chat template. What people
 * type is text: control tokens in it have no effect. What a model thinks before it answers is no part of the reply.
 */
export class ChatNodeLlamaCpp extends BaseChatModel<ChatNodeLlamaCppCallOptions, AIMessageChunk> {
  readonly model: LoadedModel;
  readonly sampling: Sampling;

  static override lc_name(): string {
    return "ChatNodeLlamaCpp";
  }

  constructor({ model, temperature, topP, topK, repeatPenalty, maxTokens, maxThoughtTokens, seed, ...rest }: ChatNodeLlamaCppFields) {
    super(rest);
    this.model = model;
    this.sampling = { ...model.sampling, ...withoutUndefined({ temperature, topP, topK, repeatPenalty, maxTokens, maxThoughtTokens, seed }) };
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
    const signal = options.signal ?? new AbortController().signal;
    options.limit?.pause();
    const lease = await this.model.sequences.acquire(options.conversation, signal).finally(() => options.limit?.resume());
    try {
      const started = performance.now();
      let firstTokenMs: number | undefined;
      const sampling = { ...this.sampling, seed: options.seed ?? this.sampling.seed ?? randomInt(2 ** 32 - 1) };
      const { thoughts, template } = this.model.prompts;
      const writing = writeReply(lease.sequence, this.encode(messages), { sampling, thoughts, signal, stops: [...template.stops, ...options.stop ?? []] });
      let next = await writing.next();
      try {
        for (; next.done !== true; next = await writing.next()) {
          const text = next.value;
          firstTokenMs ??= performance.now() - started;
          yield new ChatGenerationChunk({ text, message: new AIMessageChunk({ content: text }) });
          await runManager?.handleLLMNewToken(text);
        }
      } finally {
        // When nobody reads on, nothing goes on generating.
        if (next.done !== true) await writing.return(undefined as never);
      }
      const totalMs = performance.now() - started;
      const { replyTokens } = next.value;
      const facts: GenerationFacts = {
        model: this.model.name,
        modelSha256: this.model.sha256,
        sampling,
        queueMs: started - asked,
        firstTokenMs,
        totalMs,
        ...next.value,
        tokensPerSecond: firstTokenMs === undefined || totalMs <= firstTokenMs ? undefined : replyTokens / ((totalMs - firstTokenMs) / 1000),
      };
      yield new ChatGenerationChunk({ text: "", message: new AIMessageChunk({ content: "", response_metadata: { ...facts } }) });
    } finally {
      lease.release();
    }
  }

  /** The prompt, without the oldest messages where there are too many, so that a reply has a quarter of the context. */
  private encode(messages: BaseMessage[]): Prompt {
    const { contextSize, name } = this.model;
    const all = messages.map(toTemplateMessage);
    const prompt = this.model.prompts.fit(all, contextSize - Math.min(this.sampling.maxTokens, Math.floor(contextSize / 4)));
    const kept = all.filter((message, index) => message.role === "system" || index === all.length - 1);
    const tokens = kept.reduce((sum, { content }) => sum + this.model.countTokens(content), 0);
    if (tokens <= contextSize - RESERVE && prompt.tokens.length <= contextSize - SHORTEST_REPLY) return prompt;
    // Here nothing but these messages is left in the prompt, and what the template adds.
    const limit = contextSize - Math.max(RESERVE, prompt.tokens.length - tokens + SHORTEST_REPLY);
    throw new PromptTooLongError(`The message is too long for ${name}: with the persona it has ${tokens} tokens, and the context of ${contextSize} has room for ${limit}.`);
  }
}

/** Tokens for what the template adds to persona and message, and for a reply. */
const RESERVE = 64;

/** Tokens that a prompt leaves free in any case. */
const SHORTEST_REPLY = 16;

function toTemplateMessage(message: BaseMessage): TemplateMessage {
  const type = message.getType();
  if (type === "system") return { role: "system", content: message.text };
  if (type === "human") return { role: "user", content: message.text };
  if (type === "ai") return { role: "assistant", content: message.text };
  throw new Error(`A message of type "${type}" cannot be part of this chat: there are system, human and ai`);
}

function withoutUndefined(fields: { [Name in keyof Sampling]?: Sampling[Name] | undefined }): Partial<Sampling> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
