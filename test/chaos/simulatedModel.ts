import { AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import type { AnsweringModel } from "kafka-llm-chat/internal/chat/answer.js";

/**
 * A model of a fixed speed whose reply tells what it was shown: `re 7 of abc | 4 5 6 of abc`. So the log alone says
 * whether the memory was right, and a kill finds a reply half written as often as the speed is low.
 */
export function simulatedModel(pieceMs: number): AnsweringModel {
  return {
    modelName: "simulated",
    countTokens: (text) => text.split(" ").length,
    stream: async (prompt, { signal }) => pieces(reply(prompt), pieceMs, signal),
  };
}

/** What a person says: the n-th message of a conversation. */
export function question(conversation: string, n: number): string {
  return `${n} of ${conversation}`;
}

function reply(prompt: BaseMessage[]): string {
  const said = prompt.filter((message) => message.getType() === "human").map(({ text }) => text);
  return `re ${said.at(-1)} | ${said.slice(0, -1).join(" , ")}`;
}

async function* pieces(text: string, pieceMs: number, signal: AbortSignal): AsyncGenerator<AIMessageChunk> {
  for (const piece of text.match(/.{1,12}/gs) ?? []) {
    await pause(pieceMs, signal);
    yield new AIMessageChunk({ content: piece });
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal.addEventListener("abort", abort, { once: true });
  });
}
