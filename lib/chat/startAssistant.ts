import { randomUUID } from "node:crypto";
import os from "node:os";
import { connectKafka } from "../kafka/connectKafka.js";
import { checkReachable } from "../kafka/checkReachable.js";
import { RecordWriter } from "../kafka/RecordWriter.js";
import { readSettings, type Settings } from "../settings.js";
import type { AnsweringModel } from "./answer.js";
import { Assistant } from "./Assistant.js";
import type { AssistantEvent } from "./AssistantEvent.js";
import { Cancellations } from "./Cancellations.js";
import type { AssistantContext } from "./AssistantContext.js";
import { trimmer } from "./Memory.js";
import { MAX_TEXT_BYTES, MEMORY_TOKENS, PERSONA } from "./prompt.js";
import { TokenWriter } from "./TokenWriter.js";
import { ensureChatTopics } from "./topics.js";

export interface StartAssistantOptions {
  model: AnsweringModel;
  /** Default: from the environment. */
  settings?: Settings;
  /** Name in the headers of the replies. Default: host, process id and a random part. */
  worker?: string;
  /** Default: Marvin, as in the original. */
  persona?: string;
  /** Most tokens of conversation that the model sees again; a memory that has more is cut to about half. Default 300. */
  memoryTokens?: number;
  /** Longest text that is answered, in UTF-8 bytes. Default 8192. */
  maxTextBytes?: number;
  /** Limit for one reply, in milliseconds; the wait for a free sequence does not count. Default 120 000. */
  timeLimitMs?: number;
  /** How often a model that fails is tried. Default 3. */
  attempts?: number;
  /** Messages of a partition that wait before reading pauses. Default 100. */
  maxWaiting?: number;
  /** Without a heartbeat for so long the group gives the partitions to others, in milliseconds. Default 6000. */
  sessionTimeoutMs?: number;
  /** Time that all members have to join again when one comes or goes, in milliseconds. Default 10 000. */
  rebalanceTimeoutMs?: number;
  /**
   * Whether the transactional id of a partition is a lock. Default true. False shows what happens without: an assistant that
   * stalls and wakes up after its partitions went to another commits its replies a second time.
   */
  fencing?: boolean;
  onEvent?: (event: AssistantEvent) => void;
}

/** An assistant that has joined the group. */
export interface RunningAssistant {
  readonly worker: string;
  /** The partitions that it answers now. */
  readonly partitions: number[];
  /**
   * Finishes what is being written, commits, and leaves the group. May be called more than once.
   * @param limitMs after this time what is still being written is given up, and another assistant answers it. Default 30 000.
   */
  stop(limitMs?: number): Promise<void>;
}

/**
 * Starts consumer 1: a member of the group that answers every message. Resolves when its first partitions are assigned and taken over.
 * @throws Error when no broker can be reached; TopicMismatchError when the topics do not fit together.
 */
export async function startAssistant({ settings = readSettings(), ...options }: StartAssistantOptions): Promise<RunningAssistant> {
  const kafka = connectKafka(settings.cluster);
  await checkReachable(settings.cluster);
  const { topics, partitions, differences } = await ensureChatTopics(kafka, settings.chatTopic);
  const writer = new RecordWriter(kafka);
  await writer.connect();
  const worker = options.worker ?? `${os.hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const {
    model, persona = PERSONA, memoryTokens = MEMORY_TOKENS, maxTextBytes = MAX_TEXT_BYTES, timeLimitMs = 120_000, attempts = 3,
    maxWaiting = 100, sessionTimeoutMs = 6_000, rebalanceTimeoutMs = 10_000, fencing = true, onEvent = () => undefined,
  } = options;
  const context: AssistantContext = {
    topics, partitions, model, worker, persona, maxTextBytes, timeLimitMs, attempts, fencing, onEvent,
    trim: trimmer(memoryTokens, (text) => model.countTokens(text)), tokens: new TokenWriter(writer, topics.tokens), cancellations: new Cancellations(),
  };
  for (const difference of differences) onEvent({ type: "trouble", message: `A topic has other settings than this chat gives it. ${difference}` });
  const assistant = new Assistant(kafka, context, { maxWaiting, sessionTimeoutMs, rebalanceTimeoutMs }, async () => {
    await context.cancellations.stop();
    await writer.close();
  });
  try {
    await context.cancellations.start(kafka, topics, (error) => assistant.trouble("Cancelling does not work any more", error));
    await assistant.start();
  } catch (error) {
    await assistant.stop(0);
    throw error;
  }
  return assistant;
}
