import type { Kafka } from "kafkajs";
import { countPartitions, ensureTopics, type EnsuredTopics, type TopicSpec } from "../kafka/ensureTopics.js";

/** The names that derive from the chat topic's name. */
export interface ChatTopics {
  chat: string;
  tokens: string;
  memory: string;
  control: string;
  errors: string;
  /** The consumer group of the assistants. */
  group: string;
}

/** Partitions of a new chat topic: as many assistants can share the work. */
const PARTITIONS = 6;
const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;

export function topicsOf(chat: string): ChatTopics {
  return {
    chat, tokens: `${chat}-tokens`, memory: `${chat}-memory`, control: `${chat}-control`, errors: `${chat}-errors`,
    // One group a topic: kafkajs spreads the partitions of two topics in one group wrongly.
    group: chat === "chat" ? "aichat" : `aichat-${chat}`,
  };
}

/** The transactional id that is the lock of one partition. */
export function transactionalIdOf({ group, chat }: ChatTopics, partition: number): string {
  return `${group}-${chat}-${partition}`;
}

/** The topics of a chat as they are, with their number of partitions. */
export interface EnsuredChatTopics extends EnsuredTopics {
  topics: ChatTopics;
  partitions: number;
}

/**
 * Creates the topics of a chat that are missing and checks the others. Where the chat topic is there already, the others get its number of partitions.
 * @throws TopicMismatchError when their numbers of partitions differ.
 */
export async function ensureChatTopics(kafka: Kafka, chat: string): Promise<EnsuredChatTopics> {
  const topics = topicsOf(chat);
  const partitions = await countPartitions(kafka, chat) ?? PARTITIONS;
  return { topics, partitions, ...await ensureTopics(kafka, specsOf(topics, partitions)) };
}

function specsOf({ chat, tokens, memory, control, errors }: ChatTopics, partitions: number): TopicSpec[] {
  // A topic's segments are what is deleted or compacted, and never the one being written: small ones make it happen.
  const shortLived = { "cleanup.policy": "delete", "retention.ms": String(HOUR_MS), "segment.ms": String(HOUR_MS / 6) };
  const all: [string, Record<string, string>][] = [
    [chat, { "cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1", "compression.type": "gzip" }],
    [tokens, shortLived],
    [memory, { "cleanup.policy": "compact", "segment.bytes": String(4 * MIB), "segment.ms": "600000", "min.cleanable.dirty.ratio": "0.1" }],
    [control, shortLived],
    [errors, { "cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1", "max.message.bytes": String(2 * MIB) }],
  ];
  return all.map(([topic, settings]) => ({ topic, partitions, settings }));
}
