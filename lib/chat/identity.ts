import { v5 as uuidv5 } from "uuid";
import type { LogRecord } from "../kafka/LogRecord.js";

/** The namespace of the replies' ids: a random UUID, fixed for ever. */
const NAMESPACE = "6f1c2f1e-6f0b-4b53-9a3c-1d7a3f0b8e52";

/** What tells a message from every other: its header `uuid`, else where it lies. Never the value's `uuid`, which the original uses for the conversation. */
export function identityOf({ headers, partition, offset }: Pick<LogRecord, "headers" | "partition" | "offset">): string {
  const uuid = headers.get("uuid");
  return uuid === undefined || uuid === "" ? `${partition}:${offset}` : uuid;
}

/** The id of the reply to a message: the same whoever writes it, so that both sides know it before it is written. */
export function replyIdOf(conversation: string, question: string): string {
  return uuidv5(`${conversation}\n${question}`, NAMESPACE);
}
