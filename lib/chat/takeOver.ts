import { randomUUID } from "node:crypto";
import type { Kafka } from "kafkajs";
import { PartitionTransactions } from "../kafka/PartitionTransactions.js";
import { readCommittedOffsets, readStartOffsets } from "../kafka/readOffsets.js";
import { readToEnd } from "../kafka/readToEnd.js";
import type { AssistantContext } from "./AssistantContext.js";
import { type Memory, parseMemory } from "./Memory.js";
import { type ChatTopics, transactionalIdOf } from "./topics.js";

/** A partition that is ours: nobody who had it before can write any more. */
export interface OwnedPartition {
  partition: number;
  transactions: PartitionTransactions;
  /** Offset of the claim in the memory topic: grows with each owner. */
  claim: number;
  memories: Map<string, Memory>;
  /** Offset of the first record that the group has not finished. */
  next: bigint;
}

/** Key of the claim records. Not UTF-8, so that it is no conversation's. */
const CLAIM_KEY = Buffer.concat([Buffer.from([0xff]), Buffer.from("claim")]);

/** Limit for reading the memories, in milliseconds; 10,000 conversations take some seconds. Afterwards it is tried anew. */
const READ_LIMIT_MS = 60_000;

/**
 * Takes partitions over: fences the owner before, then reads what it has left. In this order, since only what is read
 * after the fence is final.
 *
 * 1. A transaction under the partition's transactional id writes a claim to the memory topic. From here on every
 *    transaction of an earlier owner fails, and one that was open is aborted.
 * 2. The partition of the memory topic is read, committed records only, from its start through the claim.
 * 3. The group's offset is read.
 */
export async function takeOver(kafka: Kafka, { topics, worker, fencing }: Pick<AssistantContext, "topics" | "worker" | "fencing">, partitions: number[]): Promise<OwnedPartition[]> {
  const lock = (partition: number): string => transactionalIdOf(topics, partition) + (fencing ? "" : `-${randomUUID()}`);
  const owned = await Promise.allSettled(partitions.map((partition) => claimPartition(new PartitionTransactions(kafka, lock(partition)), topics, partition, worker)));
  const claimed = owned.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  try {
    for (const result of owned) if (result.status === "rejected") throw result.reason;
    await readMemories(kafka, topics, claimed);
    const committed = await readCommittedOffsets(kafka, topics.group, topics.chat);
    const start = await readStartOffsets(kafka, topics.chat);
    for (const partition of claimed) partition.next = committed.get(partition.partition) ?? start.get(partition.partition) ?? 0n;
    return claimed;
  } catch (error) {
    await Promise.all(claimed.map(({ transactions }) => transactions.close()));
    throw error;
  }
}

async function claimPartition(transactions: PartitionTransactions, topics: ChatTopics, partition: number, worker: string): Promise<OwnedPartition> {
  await transactions.connect();
  try {
    let claim = 0;
    await transactions.run(async ({ send }) => {
      const [offset] = await send([{ topic: topics.memory, partition, key: CLAIM_KEY, value: JSON.stringify({ v: 1, worker }) }]);
      claim = Number(offset);
    });
    return { partition, transactions, claim, memories: new Map(), next: 0n };
  } catch (error) {
    await transactions.close();
    throw error;
  }
}

/** Reads what the owners before have left, through our claims: a reader that stopped earlier would not know the last replies, and write them again. */
async function readMemories(kafka: Kafka, { memory }: ChatTopics, owned: OwnedPartition[]): Promise<void> {
  const byPartition = new Map(owned.map((partition) => [partition.partition, partition.memories]));
  await readToEnd(kafka, memory, {
    partitions: [...byPartition.keys()],
    signal: AbortSignal.timeout(READ_LIMIT_MS),
    through: new Map(owned.map(({ partition, claim }) => [partition, BigInt(claim)])),
    onRecord: ({ partition, key, value }) => {
      const memories = byPartition.get(partition);
      if (memories === undefined || key === null || key[0] === CLAIM_KEY[0]) return;
      if (value === null) memories.delete(key.toString());
      else memories.set(key.toString(), parseMemory(value));
    },
  });
}
