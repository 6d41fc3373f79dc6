import { AIMessageChunk } from "@langchain/core/messages";
import type { AnsweringModel } from "kafka-llm-chat/internal/chat/answer.js";

/** A model that gives its reply in one piece when it is finished: what streaming costs is the difference. */
export function wholeReplies(model: AnsweringModel): AnsweringModel {
  return {
    modelName: model.modelName,
    countTokens: (text) => model.countTokens(text),
    stream: async (messages, options) => inOnePiece(await model.stream(messages, options)),
  };
}

async function* inOnePiece(chunks: AsyncIterable<AIMessageChunk>): AsyncGenerator<AIMessageChunk> {
  let content = "";
  const facts: Record<string, unknown> = {};
  for await (const chunk of chunks) {
    content += chunk.text;
    Object.assign(facts, chunk.response_metadata);
  }
  yield new AIMessageChunk({ content, response_metadata: facts });
}
