import { randomUUID } from "node:crypto";
import kafkajs, { type Batch, type Consumer, type Kafka, type PartitionAssigner } from "kafkajs";
import { isUnauthorized } from "./errorCodes.js";
import { type LogRecord, toLogRecord } from "./LogRecord.js";
import { signInFailure } from "./signInFailure.js";

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
  /**
   * Called when all up to an offset was read: also where a transaction's marker, which is no record, comes last. `end` is
   * that of the partition then, with what is not committed.
   */
  onPosition?: (topic: string, partition: number, next: bigint, end: bigint) => void;
  /** Called once, when reading ends for a reason other than stop(): what onRecord throws, or that Kafka does not let us read any more. */
  onError: (error: Error) => void;
}

export interface PartitionReader {
  /** Ends the reading. May be called at any time and more than once. */
  stop(): Promise<void>;
}

/** How long a fetch waits for a record, in milliseconds: also the longest that stop() waits for one under way. */
const MAX_WAIT_MS = 250;

/** After kafkajs has given up, in milliseconds. */
const AGAIN_AFTER_MS = 250;

/**
 * Reads given partitions from given offsets on, for as long as it is not stopped, however long the brokers are away meanwhile.
 *
 * kafkajs reads only as a member of a group, so this joins a group of its own whose assigner hands it all that it
 * asked for. Nothing is ever committed there, and the broker forgets the empty group.
 * @throws Error when it cannot begin.
 */
export async function readPartitions(kafka: Kafka, options: ReadOptions): Promise<PartitionReader> {
  const reader = new Reader(kafka, options);
  await reader.start();
  return reader;
}

class Reader implements PartitionReader {
  /** By topic and partition, what is read next. */
  private readonly next: Map<string, ReadPosition>;
  private consumer: Consumer | undefined;
  private again: NodeJS.Timeout | undefined;
  private stopping: Promise<void> | undefined;
  private failed = false;

  constructor(private readonly kafka: Kafka, private readonly options: ReadOptions) {
    this.next = new Map(options.positions.map((position) => [placeOf(position), position]));
  }

  async start(): Promise<void> {
    const consumer = this.kafka.consumer({
      groupId: `kafka-llm-chat-reader-${randomUUID()}`,
      partitionAssigners: [assignAll(this.options.positions)],
      sessionTimeout: 10_000,
      heartbeatInterval: 1_000,
      maxWaitTimeInMs: MAX_WAIT_MS,
      allowAutoTopicCreation: false,
      readUncommitted: false,
      // kafkajs would begin again in the same group, where the broker waits for the member that this was until its session has timed out.
      retry: { initialRetryTime: 20, maxRetryTime: 1_000, retries: 30, restartOnFailure: async () => false },
    });
    this.consumer = consumer;
    // Also after a rebalance: without a committed offset kafkajs would begin again at the end of the log.
    consumer.on(consumer.events.GROUP_JOIN, () => {
      for (const { topic, partition, offset } of this.next.values()) consumer.seek({ topic, partition, offset: offset.toString() });
    });
    // Tells also of stretches that hold only markers of transactions or aborted records, which no handler sees.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset, highWatermark } }) => {
      const position = this.next.get(placeOf({ topic, partition }));
      const after = BigInt(lastOffset) + 1n;
      if (position === undefined || this.failed) return;
      if (after > position.offset) position.offset = after;
      this.options.onPosition?.(topic, partition, after, BigInt(highWatermark));
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => this.startAgain(consumer, payload.error));
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...new Set(this.options.positions.map(({ topic }) => topic))], fromBeginning: true });
      await consumer.run({ autoCommit: false, partitionsConsumedConcurrently: 1, eachBatch: async ({ batch }) => this.pass(batch) });
    } catch (error) {
      await consumer.disconnect();
      throw error;
    }
    // Stopped while it was connecting.
    if (this.stopping !== undefined) await consumer.disconnect();
  }

  stop(): Promise<void> {
    return (this.stopping ??= (async () => {
      clearTimeout(this.again);
      await this.consumer?.disconnect();
    })());
  }

  private pass(batch: Batch): void {
    const position = this.next.get(placeOf(batch));
    if (position === undefined || this.failed) return;
    for (const message of batch.messages) {
      const record = toLogRecord(batch.topic, batch.partition, message);
      if (record.offset < position.offset) continue;
      position.offset = record.offset + 1n;
      try {
        this.options.onRecord(record);
      } catch (error) {
        this.fail(error as Error);
        return;
      }
    }
  }

  /** kafkajs takes a broker that is away for long for an error that lasts; only what Kafka does not let us do is one. */
  private startAgain(consumer: Consumer, error: Error): void {
    if (this.stopping !== undefined || this.failed || consumer !== this.consumer) return;
    if (signInFailure(error) !== undefined || isUnauthorized(error)) {
      this.fail(error);
      return;
    }
    this.again = setTimeout(() => void (async () => {
      await consumer.disconnect().catch(() => undefined);
      if (this.stopping === undefined) await this.start().catch((again: unknown) => this.startAgain(this.consumer ?? consumer, again as Error));
    })(), AGAIN_AFTER_MS);
  }

  private fail(error: Error): void {
    if (this.failed || this.stopping !== undefined) return;
    this.failed = true;
    this.options.onError(error);
  }
}

function placeOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}/${partition}`;
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
