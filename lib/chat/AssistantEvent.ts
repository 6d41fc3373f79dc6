import type { BadRecordReason } from "./ChatMessage.js";

/** What an assistant tells about its work while it goes on. */
export type AssistantEvent =
  /** These partitions are ours and being read. */
  | { type: "assigned"; partitions: number[] }
  | { type: "question"; partition: number; conversation: string; text: string }
  /** The reply is committed. */
  | { type: "reply"; partition: number; conversation: string; text: string; cancelled: boolean; error: string | undefined }
  /** The record is committed to the error topic. */
  | { type: "bad-record"; partition: number; offset: bigint; reason: BadRecordReason }
  /** Nothing went wrong, but somebody should do something: the message says what. */
  | { type: "warning"; message: string }
  /** Something went wrong that is being put right without anybody's help. */
  | { type: "trouble"; message: string };
