import type { AnsweringModel } from "./answer.js";
import type { AssistantEvent } from "./AssistantEvent.js";
import type { Cancellations } from "./Cancellations.js";
import type { Trim } from "./Memory.js";
import type { TokenWriter } from "./TokenWriter.js";
import type { ChatTopics } from "./topics.js";

/** What all partitions of an assistant share. */
export interface AssistantContext {
  topics: ChatTopics;
  /** Partitions of the chat topic. */
  partitions: number;
  model: AnsweringModel;
  worker: string;
  persona: string;
  /** Keeps a memory small enough. */
  trim: Trim;
  maxTextBytes: number;
  timeLimitMs: number;
  attempts: number;
  /** Whether partitions are locked; false only to show what goes wrong without. */
  fencing: boolean;
  tokens: TokenWriter;
  cancellations: Cancellations;
  onEvent: (event: AssistantEvent) => void;
}
