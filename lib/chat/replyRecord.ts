import type { NewRecord } from "../kafka/LogRecord.js";
import type { Answer, AnsweringModel } from "./answer.js";
import { serializeMessage, timestampNow } from "./ChatMessage.js";
import type { ChatTopics } from "./topics.js";

/** What a reply is made of. */
export interface ReplyParts {
  topics: ChatTopics;
  model: AnsweringModel;
  worker: string;
  partition: number;
  conversation: string;
  /** Identity of the message that it answers. */
  question: string;
  /** Id of the reply. */
  reply: string;
  answer: Answer;
  /** Milliseconds that the question waited for its turn in the conversation, and that the answer took. */
  waitMs: number;
  answerMs: number;
}

/** The record of a reply: the wire format in the value, all that goes beyond it in headers. */
export function replyRecord({ topics, model, worker, partition, conversation, question, reply, answer, waitMs, answerMs }: ReplyParts): NewRecord {
  const { text, cancelled, error, facts } = answer;
  const { modelSha256, sampling, ...timings } = facts;
  return {
    topic: topics.chat, partition, key: conversation,
    value: serializeMessage({ uuid: reply, role: "AI", text, conversation, timestamp: timestampNow() }),
    headers: {
      uuid: reply, reply_to: question, model: model.modelName, worker, timings: JSON.stringify({ ...timings, waitMs, answerMs }),
      ...(typeof modelSha256 === "string" ? { model_sha256: modelSha256 } : {}),
      ...(sampling === undefined ? {} : { sampling: JSON.stringify(sampling) }),
      ...(cancelled ? { cancelled: "true" } : {}),
      ...(error === undefined ? {} : { error: error.reason }),
    },
  };
}
