import type { AIMessageChunk, BaseMessage } from "@langchain/core/messages";
import { type Pausable, TimeLimit } from "../TimeLimit.js";
import type { TokenStream } from "./TokenWriter.js";

/** What the assistant needs of a chat model: `ChatNodeLlamaCpp`, or another LangChain chat model with a token count. */
export interface AnsweringModel {
  /** @param options.limit is to be paused while the call waits for its turn; else that counts, too. */
  stream(messages: BaseMessage[], options: { signal: AbortSignal; conversation: string; limit: Pausable }): Promise<AsyncIterable<AIMessageChunk>>;
  countTokens(text: string): number;
  /** Name of the model, for the headers of its replies. */
  readonly modelName: string;
}

export interface AnswerOptions {
  model: AnsweringModel;
  prompt: BaseMessage[];
  conversation: string;
  /** Opens the token stream of an attempt: 1, 2, 3. */
  openStream: (attempt: number) => TokenStream;
  /** Aborted when the work must not count any more: the partition is lost, or the assistant stops. */
  signal: AbortSignal;
  /** Aborted when the person has cancelled the question. */
  cancel: AbortSignal;
  /** Limit of all attempts together, in milliseconds. The wait for a turn with the model does not count. */
  timeLimitMs: number;
  /** How often a model that fails is tried. */
  attempts: number;
}

/** Why there is no real reply: the header `error` of what the person is told instead, and `reason` in the error topic. */
export const FAILURE_REASONS = ["model-failed", "time-limit", "context-full"] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** What became of a question. */
export interface Answer {
  text: string;
  /** The person stopped it; `text` is what was written until then. */
  cancelled: boolean;
  /** It went wrong; `text` is what the person is told. */
  error: { reason: FailureReason; message: string } | undefined;
  /** What the model says of the generation (`response_metadata`). */
  facts: Record<string, unknown>;
}

/**
 * Has the model write a reply. A model that fails is tried again; if it goes on failing, the answer says so.
 * @throws the reason of `signal` when that is aborted: then there is no answer.
 */
export async function answer(options: AnswerOptions): Promise<Answer> {
  const limit = new TimeLimit(options.timeLimitMs);
  try {
    return await tryAgain(options, limit);
  } finally {
    limit.pause();
  }
}

async function tryAgain(options: AnswerOptions, limit: TimeLimit): Promise<Answer> {
  const { signal, cancel, attempts, openStream } = options;
  for (let attempt = 1; ; attempt++) {
    const written = { text: "", facts: {} as Record<string, unknown> };
    const stream = openStream(attempt);
    try {
      await generate(options, limit, stream, written);
      return { ...written, cancelled: false, error: undefined };
    } catch (error) {
      signal.throwIfAborted();
      if (cancel.aborted) return { ...written, cancelled: true, error: undefined };
      if (limit.signal.aborted) return failed("time-limit", (limit.signal.reason as Error).message, written);
      if (isTooLong(error)) return failed("context-full", (error as Error).message, { ...written, text: "" });
      if (attempt >= attempts) return failed("model-failed", (error as Error).message, { ...written, text: "" });
    } finally {
      stream.end();
    }
  }
}

async function generate({ model, prompt, conversation, ...options }: AnswerOptions, limit: TimeLimit, stream: TokenStream, written: { text: string; facts: Record<string, unknown> }): Promise<void> {
  const signal = AbortSignal.any([options.signal, options.cancel, limit.signal]);
  signal.throwIfAborted();
  for await (const chunk of await model.stream(prompt, { signal, conversation, limit })) {
    signal.throwIfAborted();
    if (chunk.text !== "") {
      written.text += chunk.text;
      stream.write(chunk.text);
    }
    Object.assign(written.facts, chunk.response_metadata);
  }
  if (written.text.trim() === "") throw new Error("the model wrote nothing");
}

function failed(reason: FailureReason, message: string, { text, facts }: { text: string; facts: Record<string, unknown> }): Answer {
  return { text: text === "" ? `I could not answer this: ${message}` : text, cancelled: false, error: { reason, message }, facts };
}

/** A prompt that does not fit will not fit the next time either, so no attempt is wasted on it. */
function isTooLong(error: unknown): boolean {
  return (error as Error).name === "PromptTooLongError";
}
