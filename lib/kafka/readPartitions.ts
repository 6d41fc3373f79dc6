import { randomUUID } from "node:crypto";
import kafkajs, { type Kafka, type PartitionAssigner } from "kafkajs";
import { type LogRecord, toLogRecord } from "./LogRecord.js";

/** Where to begin in one partition. */
export interface ReadPosition {
  topic: string;
  partition: number;
  /** Offset of the first record to read. */
  offset: bigint;
}

export interface ReadOptions {
  positions: ReadPosition[];
  /** Called for each committed record, partition by partition in the order of offsets. What it throws ends the reading. */
  onRecord: (record: LogRecord) => void;
  /** Called when all up to an offset was read: also where a transaction's marker, which is no record, comes last. */
  onPosition?: (topic: string, partition: number, next: bigint) => void;
  /** Called once, when reading ends for a reason other than stop(). */
  onError: (error: Error) => void;
}

export interface PartitionReader {
  /** Ends the reading. May be called at any time and more than once. */
  stop(): Promise<void>;
}

/** How long a fetch waits for a record, in milliseconds: also the longest that stop() waits for one under way. */
const MAX_WAIT_MS = 100;

/**
 * Reads given partitions from given offsets on, for as long as it is not stopped.
 *
 * kafkajs reads only as a member of a group, so this joins a group of its own whose assigner hands it all that it
 * asked for. Nothing is ever committed there, and the broker forgets the empty group.
 */
export async function readPartitions(kafka: Kafka, { positions, onRecord, onPosition, onError }: ReadOptions): Promise<PartitionReader> {
  const next = new Map(positions.map((position) => [`${position.topic}/${position.partition}`, position]));
  const consumer = kafka.consumer({
    groupId: `kafka-llm-chat-reader-${randomUUID()}`,
    partitionAssigners: [assignAll(positions)],
    sessionTimeout: 10_000,
    heartbeatInterval: 1_000,
    maxWaitTimeInMs: MAX_WAIT_MS,
    allowAutoTopicCreation: false,
    readUncommitted: false,
    retry: { initialRetryTime: 20, maxRetryTime: 1_000, retries: 1_000 },
  });
  let stopping: Promise<void> | undefined;
  let failed = false;
  const fail = (error: Error): void => {
    if (failed || stopping !== undefined) return;
    failed = true;
    onError(error);
  };

  // Also after a rebalance: without a committed offset kafkajs would begin again at the end of the log.
  consumer.on(consumer.events.GROUP_JOIN, () => {
    for (const { topic, partition, offset } of next.values()) consumer.seek({ topic, partition, offset: offset.toString() });
  });
  // Tells also of stretches that hold only markers of transactions or aborted records, which no handler sees.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
    const position = next.get(`${topic}/${partition}`);
    const after = BigInt(lastOffset) + 1n;
    if (position === undefined || failed) return;
    if (after > position.offset) position.offset = after;
    onPosition?.(topic, partition, after);
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) fail(payload.error);
  });

  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [...new Set(positions.map(({ topic }) => topic))], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: async ({ batch }) => {
        const position = next.get(`${batch.topic}/${batch.partition}`);
        if (position === undefined || failed) return;
        for (const message of batch.messages) {
          const record = toLogRecord(batch.topic, batch.partition, message);
          if (record.offset < position.offset) continue;
          position.offset = record.offset + 1n;
          try {
            onRecord(record);
          } catch (error) {
            fail(error as Error);
            return;
          }
        }
      },
    });
  } catch (error) {
    await consumer.disconnect();
    throw error;
  }
  return {
    stop: () => (stopping ??= consumer.disconnect()),
  };
}

function assignAll(positions: ReadPosition[]): PartitionAssigner {
  const name = "kafka-llm-chat-all";
  const assignment: Record<string, number[]> = {};
  for (const { topic, partition } of positions) (assignment[topic] ??= []).push(partition);
  const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
  return () => ({
    name,
    version: 1,
    assign: async ({ members }) => members.map(({ memberId }) => (
      { memberId, memberAssignment: MemberAssignment.encode({ version: 1, assignment, userData: Buffer.alloc(0) }) })),
    protocol: ({ topics }) => ({ name, metadata: MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }) }),
  });
}
