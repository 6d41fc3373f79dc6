import type { LogRecord } from "../kafka/LogRecord.js";
import { parseMessage } from "./ChatMessage.js";
import { identityOf } from "./identity.js";
import type { PersonTimes } from "./TurnClock.js";

/** A reply as it was committed. */
export interface Reply {
  id: string;
  text: string;
  conversation: string;
  /** Identity of the message that it answers. */
  replyTo: string;
  /** Where it lies in the chat topic. */
  partition: number;
  offset: bigint;
  /** Nanoseconds since the epoch. */
  timestamp: bigint;
  /** The person stopped it: the text is what was written until then. */
  cancelled: boolean;
  /** Why there is no real reply: the text says so in plain words. */
  error: string | undefined;
  /** Name of the model, and of the assistant that wrote it. */
  model: string | undefined;
  worker: string | undefined;
  modelSha256: string | undefined;
  /** How the tokens were chosen, with the seed. */
  sampling: Record<string, unknown>;
  /** Tokens, and milliseconds: waitMs for its turn, answerMs for all attempts, and what the model tells of the generation. */
  timings: Record<string, unknown>;
  /**
   * Time to commit, in milliseconds from the last word to the end of the transaction, by id of the reply. A record cannot
   * hold its own: these are the replies that the same assistant committed to the partition just before.
   */
  previousCommits: Record<string, number>;
  /** What the person's side measured; only who has said the message knows it. */
  person: PersonTimes | undefined;
}

/** The reply in a record of the chat topic, or undefined where the record is none. */
export function readReply(record: LogRecord): Reply | undefined {
  const { headers, partition, offset } = record;
  const replyTo = headers.get("reply_to");
  if (replyTo === undefined) return undefined;
  try {
    const { role, text, conversation, timestamp } = parseMessage(record.value);
    if (role !== "AI") return undefined;
    return {
      id: identityOf(record), text, conversation, replyTo, partition, offset, timestamp, cancelled: headers.get("cancelled") === "true",
      error: headers.get("error"), model: headers.get("model"), worker: headers.get("worker"),
      modelSha256: headers.get("model_sha256"), sampling: parseFacts(headers.get("sampling")), timings: parseFacts(headers.get("timings")),
      previousCommits: parseFacts(headers.get("previous_commits")) as Record<string, number>,
      person: undefined,
    };
  } catch {
    // No message at all: the assistant puts it into the error topic.
    return undefined;
  }
}

function parseFacts(header: string | undefined): Record<string, unknown> {
  try {
    return JSON.parse(header ?? "{}") as Record<string, unknown>;
  } catch {
    return {};
  }
}
