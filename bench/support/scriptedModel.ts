import { AIMessageChunk } from "@langchain/core/messages";
import type { AnsweringModel } from "kafka-llm-chat/internal/chat/answer.js";
import { pacedModel } from "kafka-llm-chat/internal/chat/pacedModel.js";

/** Tokens a second of each reply. */
export const PACE = 15;
/** Replies that are written at once; the others wait. */
export const AT_ONCE = 8;
const WORDS = "A topic is a named log of records, which producers append to and which consumers read from, each at its own pace.".split(/(?= )/);

/** A model that writes the same reply to everything, at a fixed speed and at no cost: what limits it is not this machine. */
export function scriptedModel(): AnsweringModel {
  const waiting: (() => void)[] = [];
  let free = AT_ONCE;
  return pacedModel({
    modelName: "scripted",
    countTokens: (text) => Math.ceil(text.length / 4),
    stream: async () => {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return reply(() => {
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      });
    },
  }, PACE);
}

async function* reply(leave: () => void): AsyncGenerator<AIMessageChunk> {
  try {
    for (const word of WORDS) yield new AIMessageChunk({ content: word });
  } finally {
    leave();
  }
}
