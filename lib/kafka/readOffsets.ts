import type { Kafka } from "kafkajs";
import { withAdmin } from "./withAdmin.js";

/** What is there of a partition. */
export interface Bounds {
  /** Offset of the oldest record that is still there. */
  start: bigint;
  /** The offset that the next record will get; where a transaction is open, that of its first record. */
  end: bigint;
}

/** The bounds of each partition of a topic. */
export async function readBounds(kafka: Kafka, topic: string): Promise<Map<number, Bounds>> {
  return (await readBoundsOf(kafka, [topic])).get(topic) ?? new Map<number, Bounds>();
}

/** The bounds of each partition of several topics. */
export async function readBoundsOf(kafka: Kafka, topics: string[]): Promise<Map<string, Map<number, Bounds>>> {
  return withAdmin(kafka, `Reading where ${topics.join(", ")} begins and ends`, async (admin) => new Map(await Promise.all(topics.map(async (topic) => {
    const partitions = await admin.fetchTopicOffsets(topic);
    return [topic, new Map(partitions.map(({ partition, low, high }) => [partition, { start: BigInt(low), end: BigInt(high) }]))] as const;
  }))));
}

/** What a group has committed for a topic; partitions without a committed offset are missing. */
export async function readCommittedOffsets(kafka: Kafka, groupId: string, topic: string): Promise<Map<number, bigint>> {
  return withAdmin(kafka, `Reading the offsets of the group ${groupId}`, async (admin) => {
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
    return new Map((found?.partitions ?? []).flatMap(({ partition, offset }) => (
      BigInt(offset) < 0n ? [] : [[partition, BigInt(offset)] as const])));
  });
}

/** The offset in each partition of the first record that is not older than a time, in milliseconds since the epoch; the end where there is none. */
export async function readOffsetsAt(kafka: Kafka, topic: string, timestamp: number): Promise<Map<number, bigint>> {
  return withAdmin(kafka, `Reading the offsets of ${topic}`, async (admin) => new Map(
    (await admin.fetchTopicOffsetsByTimestamp(topic, timestamp)).map(({ partition, offset }) => [partition, BigInt(offset)])));
}
