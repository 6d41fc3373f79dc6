import type { Kafka } from "kafkajs";
import { readToEnd } from "../kafka/readToEnd.js";
import { type Memory, parseMemory } from "./Memory.js";

/** What a conversation remembers now, from its partition of the memory topic; undefined where it remembers nothing. */
export async function readMemory(kafka: Kafka, topic: string, partition: number, conversation: string): Promise<Memory | undefined> {
  let memory: Memory | undefined;
  await readToEnd(kafka, topic, {
    partitions: [partition],
    onRecord: ({ key, value }) => {
      if (key?.toString() === conversation) memory = value === null ? undefined : parseMemory(value);
    },
  });
  return memory;
}
