import { setTimeout as delay } from "node:timers/promises";
import type { AIMessageChunk } from "@langchain/core/messages";
import type { AnsweringModel } from "./answer.js";

/**
 * A model that writes no faster than a given number of pieces a second; most pieces are one token. A teaching aid: a
 * small model has written its reply before anybody could cancel it, or kill the assistant that writes.
 * @throws RangeError when the pace is not above 0.
 */
export function pacedModel(model: AnsweringModel, piecesPerSecond: number): AnsweringModel {
  if (!(piecesPerSecond > 0 && Number.isFinite(piecesPerSecond))) throw new RangeError(`The pace is ${piecesPerSecond}, but it is a number of tokens a second, above 0`);
  return {
    modelName: model.modelName,
    countTokens: (text) => model.countTokens(text),
    stream: async (messages, options) => paced(await model.stream(messages, options), 1_000 / piecesPerSecond, options.signal),
  };
}

async function* paced(chunks: AsyncIterable<AIMessageChunk>, pieceMs: number, signal: AbortSignal): AsyncGenerator<AIMessageChunk> {
  // By a schedule, not by pauses: what the model itself takes for a piece is part of its time.
  let due = performance.now();
  for await (const chunk of chunks) {
    if (chunk.text !== "") {
      const early = due - performance.now();
      if (early > 0) await delay(early, undefined, { signal }).catch(() => signal.throwIfAborted());
      due = Math.max(due, performance.now()) + pieceMs;
    }
    yield chunk;
  }
}
