import type { Kafka, Producer } from "kafkajs";
import { type NewRecord, toMessage } from "./LogRecord.js";

/** Writes records outside of any transaction. */
export class RecordWriter {
  private readonly producer: Producer;

  constructor(kafka: Kafka) {
    // Not idempotent: after a lost response kafkajs uses a sequence number again, and the next record can be lost.
    this.producer = kafka.producer({ idempotent: false, allowAutoTopicCreation: false, retry: { initialRetryTime: 20, maxRetryTime: 500, retries: 4 } });
  }

  async connect(): Promise<void> {
    await this.producer.connect();
  }

  /** Writes the records; resolves when all replicas in sync have them, with the offset of the first one in its partition. */
  async send(records: NewRecord[]): Promise<bigint> {
    const topics = [...new Set(records.map(({ topic }) => topic))];
    const [first] = await this.producer.sendBatch({
      acks: -1,
      topicMessages: topics.map((topic) => ({ topic, messages: records.filter((record) => record.topic === topic).map(toMessage) })),
    });
    return BigInt(first?.baseOffset ?? "-1");
  }

  async close(): Promise<void> {
    await this.producer.disconnect();
  }
}
