import { errorCodes } from "./errorCodes.js";
import type { Kafka, Offsets, Producer, RecordMetadata, Transaction } from "kafkajs";
import { type NewRecord, toMessage } from "./LogRecord.js";

/** How long the broker waits for a transaction to end before it aborts it, in milliseconds. */
const TRANSACTION_TIMEOUT_MS = 10_000;

/** The lock of a partition is held by another producer now, so what is written here must not count. */
export class PartitionFencedError extends Error {
  override name = "PartitionFencedError";
}

/** One step in a transaction, which may look at the offsets that an earlier step was given. */
export interface TransactionStep {
  /** Writes the records and gives the offset of each, in the order given. */
  send: (records: NewRecord[]) => Promise<bigint[]>;
  /** Commits a group's offset together with the records. */
  commitOffset: (group: string, topic: string, partition: number, offset: bigint) => Promise<void>;
}

/**
 * The transactions of one partition's owner. The transactional id is the lock: whoever begins a transaction under it
 * last is the owner, and every earlier holder is refused from then on.
 */
export class PartitionTransactions {
  private readonly producer: Producer;
  private unusable: Error | undefined;

  constructor(kafka: Kafka, readonly transactionalId: string) {
    this.producer = kafka.producer({
      transactionalId, idempotent: true, maxInFlightRequests: 1, transactionTimeout: TRANSACTION_TIMEOUT_MS, allowAutoTopicCreation: false,
    });
  }

  async connect(): Promise<void> {
    await this.producer.connect();
  }

  /**
   * Takes the lock: every earlier holder is refused from now on, and a transaction that it has left open is aborted.
   * @throws PartitionFencedError when another owner has the partition.
   */
  async lock(): Promise<void> {
    await this.runAborted(async () => undefined);
  }

  /**
   * Runs the steps in one transaction, and commits it.
   * @throws PartitionFencedError when another owner has the partition.
   */
  async run(steps: (step: TransactionStep) => Promise<void>): Promise<void> {
    await this.runTo("commit", steps);
  }

  /**
   * Runs the steps and aborts them: in all partitions that they write to, the marker also ends what an earlier transaction
   * under this id has left without an end.
   * @throws PartitionFencedError when another owner has the partition.
   */
  async runAborted(steps: (step: TransactionStep) => Promise<void>): Promise<void> {
    await this.runTo("abort", steps);
  }

  /**
   * After an error the outcome is unknown (kafkajs does not retry the end of a transaction), so this producer refuses all
   * further work: the owner throws it away and takes the partition over again.
   */
  private async runTo(end: "commit" | "abort", steps: (step: TransactionStep) => Promise<void>): Promise<void> {
    if (this.unusable !== undefined) throw this.unusable;
    try {
      const transaction = await this.producer.transaction();
      await steps(stepOf(transaction));
      await transaction[end]();
    } catch (error) {
      this.unusable = isFenced(error)
        ? new PartitionFencedError(`Another assistant has taken ${this.transactionalId} over`, { cause: error })
        : error as Error;
      throw this.unusable;
    }
  }

  /** Closes the connection. A transaction that is open stays so until the next owner begins one, or the time limit passes. */
  async close(): Promise<void> {
    this.unusable ??= new Error(`The producer of ${this.transactionalId} is closed`);
    await this.producer.disconnect();
  }
}

function stepOf(transaction: Transaction): TransactionStep {
  return {
    send: async (records) => {
      const positions = records.map(() => 0n);
      const byTopic = new Map<string, NewRecord[]>();
      for (const record of records) byTopic.set(record.topic, [...(byTopic.get(record.topic) ?? []), record]);
      const metadata = await transaction.sendBatch({
        acks: -1,
        topicMessages: [...byTopic].map(([topic, group]) => ({ topic, messages: group.map(toMessage) })),
      });
      const next = nextOffsets(metadata);
      records.forEach((record, index) => {
        const place = `${record.topic}/${record.partition}`;
        const offset = next.get(place);
        if (offset === undefined) throw new Error(`The broker did not acknowledge a record for ${place}`);
        positions[index] = offset;
        next.set(place, offset + 1n);
      });
      return positions;
    },
    commitOffset: (group, topic, partition, offset) => {
      const topics: Offsets["topics"] = [{ topic, partitions: [{ partition, offset: offset.toString() }] }];
      return transaction.sendOffsets({ consumerGroupId: group, topics });
    },
  };
}

function nextOffsets(metadata: RecordMetadata[]): Map<string, bigint> {
  return new Map(metadata.map(({ topicName, partition, baseOffset }) => [`${topicName}/${partition}`, BigInt(baseOffset ?? "-1")]));
}

function isFenced(error: unknown): boolean {
  return errorCodes(error).some((type) => type === "INVALID_PRODUCER_EPOCH" || type === "PRODUCER_FENCED" || type === "INVALID_PRODUCER_ID_MAPPING");
}
