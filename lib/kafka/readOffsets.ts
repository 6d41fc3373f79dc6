import type { Kafka } from "kafkajs";
import { withAdmin } from "./withAdmin.js";

/** The end of each partition of the topics: the offset that the next record will get. */
export async function readEndOffsets(kafka: Kafka, topics: string[]): Promise<Map<string, Map<number, bigint>>> {
  return withAdmin(kafka, `Reading the ends of ${topics.join(", ")}`, async (admin) => new Map(await Promise.all(topics.map(async (topic) => {
    const partitions = await admin.fetchTopicOffsets(topic);
    return [topic, new Map(partitions.map(({ partition, high }) => [partition, BigInt(high)]))] as const;
  }))));
}

/** The beginning of each partition of a topic: the offset of the oldest record that is still there. */
export async function readStartOffsets(kafka: Kafka, topic: string): Promise<Map<number, bigint>> {
  return withAdmin(kafka, `Reading the start of ${topic}`, async (admin) => new Map(
    (await admin.fetchTopicOffsets(topic)).map(({ partition, low }) => [partition, BigInt(low)])));
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
