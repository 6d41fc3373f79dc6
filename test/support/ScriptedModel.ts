import { AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import type { AnsweringModel } from "kafka-llm-chat/internal/chat/answer.js";

/** Writes the pieces of a reply to a prompt; the input is the last message. */
export type Script = (input: string, prompt: BaseMessage[], signal: AbortSignal) => AsyncIterable<string>;

/** A model that does what a test says: only to force what a real one does not do on demand, such as failing or being slow. */
export class ScriptedModel implements AnsweringModel {
  readonly modelName = "scripted";
  /** Inputs that it was given, in order. */
  readonly inputs: string[] = [];

  constructor(private readonly script: Script) {}

  countTokens(text: string): number {
    return text.split(/\s+/).length;
  }

  async stream(prompt: BaseMessage[], { signal }: { signal: AbortSignal }): Promise<AsyncIterable<AIMessageChunk>> {
    const input = prompt.at(-1)?.text ?? "";
    this.inputs.push(input);
    const { script } = this;
    return (async function* () {
      for await (const text of script(input, prompt, signal)) yield new AIMessageChunk({ content: text });
    })();
  }
}

/** Never resolves; rejects when the signal is aborted. */
export function forever(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
