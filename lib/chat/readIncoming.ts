import type { LogRecord } from "../kafka/LogRecord.js";
import { partitionOfKey } from "../kafka/partitionOfKey.js";
import { UNSUPPORTED_CODEC_HEADER } from "../kafka/unsupportedCodecs.js";
import { BadRecordError, type ChatMessage, parseMessage } from "./ChatMessage.js";
import { identityOf } from "./identity.js";

/** What a record in the chat topic is to the assistant. */
export type Incoming =
  /** A person's message: it is to be answered. */
  | { kind: "question"; conversation: string; identity: string; offset: bigint; message: ChatMessage }
  /** Words in the assistant's role that answer nothing, such as the greeting: they are remembered. */
  | { kind: "remark"; conversation: string; identity: string; offset: bigint; message: ChatMessage }
  /** A reply that an assistant has committed, together with the memory of it. */
  | { kind: "reply" }
  /** The conversation is to be forgotten. */
  | { kind: "delete"; conversation: string; offset: bigint }
  | { kind: "bad"; error: BadRecordError };

export interface IncomingLimits {
  /** Partitions of the topic. */
  partitions: number;
  /** Most UTF-8 bytes of a person's text. */
  maxTextBytes: number;
}

/** Tells what a record is. Never throws: whatever a foreign program may have written comes out as one of the kinds. */
export function readIncoming(record: LogRecord, limits: IncomingLimits): Incoming {
  try {
    return read(record, limits);
  } catch (error) {
    if (error instanceof BadRecordError) return { kind: "bad", error };
    throw error;
  }
}

function read(record: LogRecord, { partitions, maxTextBytes }: IncomingLimits): Incoming {
  const { headers, offset, partition } = record;
  const codec = headers.get(UNSUPPORTED_CODEC_HEADER);
  if (codec !== undefined) throw new BadRecordError("unsupported-codec", `The batch is compressed with ${codec}; gzip and none can be read`);
  const conversation = readKey(record.key);
  const right = partitionOfKey(conversation, partitions);
  if (right !== partition) throw new BadRecordError("wrong-partition", `The key belongs to partition ${right} (murmur2), but the record is in ${partition}`);
  if (headers.get("action") === "delete") return { kind: "delete", conversation, offset };
  const message = parseMessage(record.value);
  if (message.conversation !== conversation) throw new BadRecordError("wrong-key", `The key is not the conversation_id ${JSON.stringify(message.conversation)}`);
  if (message.role === "AI" && headers.has("reply_to")) return { kind: "reply" };
  if (message.text.trim() === "") throw new BadRecordError("empty", "The text is empty");
  const bytes = Buffer.byteLength(message.text);
  if (bytes > maxTextBytes) throw new BadRecordError("too-long", `The text has ${bytes} bytes, and at most ${maxTextBytes} are read`);
  return { kind: message.role === "AI" ? "remark" : "question", conversation, identity: identityOf(record), offset, message };
}

function readKey(key: Buffer | null): string {
  if (key === null || key.length === 0) throw new BadRecordError("no-key", "The record has no key, so it belongs to no conversation");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(key);
  } catch {
    throw new BadRecordError("wrong-key", "The key is not UTF-8");
  }
}
