import { randomUUID } from "node:crypto";
import type { Kafka } from "kafkajs";
import { findUnended } from "../kafka/findUnended.js";
import type { NewRecord } from "../kafka/LogRecord.js";
import { PartitionTransactions } from "../kafka/PartitionTransactions.js";
import { readBounds, readCommittedOffsets } from "../kafka/readOffsets.js";
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

interface Lock {
  partition: number;
  transactions: PartitionTransactions;
}

/** Key of the claim records. Not UTF-8, so that it is no conversation's. */
const CLAIM_KEY = Buffer.concat([Buffer.from([0xff]), Buffer.from("claim")]);

/** Limit for reading the memories, in milliseconds; 10,000 conversations take some seconds. Afterwards it is tried anew. */
const READ_LIMIT_MS = 60_000;

/**
 * Takes partitions over: fences the owner before, then reads what it has left. In this order, since only what is read
 * after the fence is final.
 *
 * 1. The partition's transactional id is taken. From here on every transaction of an earlier owner fails, and one that
 *    was open is aborted.
 * 2. One that has no end all the same (see findUnended) is ended as not committed: nobody can have read its replies.
 * 3. A transaction writes a claim to the memory topic.
 * 4. The partition of the memory topic is read, committed records only, from its start through the claim. Memories of
 *    replies that step 2 has ended do not count.
 * 5. The group's offset is read, and nothing that is behind a memory that does not count is left out.
 */
export async function takeOver(kafka: Kafka, { topics, worker, fencing }: Pick<AssistantContext, "topics" | "worker" | "fencing">, partitions: number[]): Promise<OwnedPartition[]> {
  const lockOf = (partition: number): string => transactionalIdOf(topics, partition) + (fencing ? "" : `-${randomUUID()}`);
  const locks: Lock[] = partitions.map((partition) => ({ partition, transactions: new PartitionTransactions(kafka, lockOf(partition)) }));
  try {
    await all(locks.map(async ({ transactions }) => {
      await transactions.connect();
      await transactions.lock();
    }));
    const unended = await endUnended(kafka, topics, locks, worker);
    const claimed = await all(locks.map(async ({ partition, transactions }) => (
      { partition, transactions, claim: await claim(transactions, topics, partition, worker), memories: new Map<string, Memory>(), next: 0n })));
    const again = await readMemories(kafka, topics, claimed, unended);
    const committed = await readCommittedOffsets(kafka, topics.group, topics.chat);
    const bounds = await readBounds(kafka, topics.chat);
    for (const owned of claimed) {
      const next = committed.get(owned.partition) ?? bounds.get(owned.partition)?.start ?? 0n;
      const question = again.get(owned.partition) ?? next;
      owned.next = question < next ? question : next;
    }
    return claimed;
  } catch (error) {
    await Promise.allSettled(locks.map(({ transactions }) => transactions.close()));
    throw error;
  }
}

/** Like Promise.all, but waits for the others also when one fails: nothing goes on behind the caller's back. */
async function all<T>(promises: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/**
 * Ends transactions of the owners before that have no end.
 * @returns by partition, the offset of the first record of one that was ended. What another program has under way ends by itself, and our replies behind it are committed.
 */
async function endUnended(kafka: Kafka, topics: ChatTopics, locks: Lock[], worker: string): Promise<Map<number, bigint>> {
  const unended = await findUnended(kafka, topics.chat, locks.map(({ partition }) => partition));
  if (unended.size === 0) return unended;
  await all(locks.filter(({ partition }) => unended.has(partition)).map(({ partition, transactions }) => endAsAborted(transactions, topics, partition, worker)));
  for (const partition of (await findUnended(kafka, topics.chat, [...unended.keys()])).keys()) unended.delete(partition);
  return unended;
}

/** A marker goes to all that a reply is made of: the reply, its memory, the group's offset. */
async function endAsAborted(transactions: PartitionTransactions, topics: ChatTopics, partition: number, worker: string): Promise<void> {
  await transactions.runAborted(async ({ send, commitOffset }) => {
    await send([topics.chat, topics.memory].map((topic) => claimRecord(topic, partition, worker)));
    await commitOffset(topics.group, topics.chat, partition, 0n);
  });
}

async function claim(transactions: PartitionTransactions, topics: ChatTopics, partition: number, worker: string): Promise<number> {
  let claimed = 0;
  await transactions.run(async ({ send }) => {
    const [offset] = await send([claimRecord(topics.memory, partition, worker)]);
    claimed = Number(offset);
  });
  return claimed;
}

function claimRecord(topic: string, partition: number, worker: string): NewRecord {
  return { topic, partition, key: CLAIM_KEY, value: JSON.stringify({ v: 1, worker }) };
}

/**
 * Reads what the owners before have left, through our claims: a reader that stopped earlier would not know the last replies, and write them again.
 * @param unended by partition, from where on its replies were never committed
 * @returns by partition, the offset of the first message whose memory does not count
 */
async function readMemories(kafka: Kafka, { memory: topic }: ChatTopics, owned: OwnedPartition[], unended: ReadonlyMap<number, bigint>): Promise<Map<number, bigint>> {
  const byPartition = new Map(owned.map(({ partition, memories }) => [partition, memories]));
  const again = new Map<number, bigint>();
  await readToEnd(kafka, topic, {
    partitions: [...byPartition.keys()],
    signal: AbortSignal.timeout(READ_LIMIT_MS),
    through: new Map(owned.map(({ partition, claim }) => [partition, BigInt(claim)])),
    onRecord: ({ partition, key, value }) => {
      const memories = byPartition.get(partition);
      if (memories === undefined || key === null || key[0] === CLAIM_KEY[0]) return;
      if (value === null) {
        memories.delete(key.toString());
        return;
      }
      const memory = parseMemory(value);
      const end = unended.get(partition);
      if (end === undefined || memory.messages.every(({ offset }) => offset < end)) {
        memories.set(key.toString(), memory);
      } else if (memory.answeredOffset < (again.get(partition) ?? end)) {
        // The broker had ended the transaction here, and not in the chat topic: the message is answered again.
        again.set(partition, memory.answeredOffset);
      }
    },
  });
  return again;
}
