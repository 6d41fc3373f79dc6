import { randomUUID } from "node:crypto";
import kafkajs, { type Kafka } from "kafkajs";
import { connectKafka } from "./connectKafka.js";
import { waitUntil } from "../daemon/waitUntil.js";

/** The transactional id of the probe: the same each time, so that the broker has to remember only one. */
const TRANSACTIONAL_ID = "kafka-llm-chat-probe";

/**
 * Resolves once a topic can be created, written in a transaction and read in a group. The broker answers before that:
 * the coordinators of groups and transactions load later. Topic and group are removed again.
 * @throws Error after the limit (milliseconds), with the last reason.
 */
export async function probeBroker(broker: string, { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal }): Promise<void> {
  const cluster = { brokers: [broker], external: false, ssl: false, sasl: undefined };
  const kafka = connectKafka(cluster, { clientId: "kafka-llm-chat-probe", requestTimeoutMs: 10_000, longestPauseMs: 200, retries: 8 });
  let last: Error | undefined;
  const attempt = () => roundTrip(kafka, signal).then(() => true, (error: Error) => { last = error; return false; });
  await waitUntil(attempt, { description: `Kafka at ${broker} answers no probe`, timeoutMs, signal }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw last === undefined || !(error instanceof Error) ? error : new Error(`${error.message}: ${last.message}`, { cause: last });
  });
}

async function roundTrip(kafka: Kafka, signal: AbortSignal | undefined): Promise<void> {
  const name = `kafka-llm-chat-probe-${randomUUID()}`;
  const admin = kafka.admin();
  const producer = kafka.producer({
    transactionalId: TRANSACTIONAL_ID, idempotent: true, maxInFlightRequests: 1, transactionTimeout: 10_000,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  const consumer = kafka.consumer({ groupId: name, sessionTimeout: 6_000, heartbeatInterval: 500, maxWaitTimeInMs: 50, allowAutoTopicCreation: false });
  const undo: (() => Promise<unknown>)[] = [() => admin.disconnect(), () => producer.disconnect()];
  try {
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: name, numPartitions: 1, replicationFactor: 1 }], waitForLeaders: true, timeout: 10_000 });
    undo.push(() => admin.deleteTopics({ topics: [name] }));
    const write = async () => {
      await producer.connect();
      const transaction = await producer.transaction();
      await transaction.send({ topic: name, messages: [{ value: name }] });
      await transaction.commit();
    };
    undo.push(() => admin.deleteGroups([name]), () => consumer.disconnect());
    let received = false;
    const read = async () => {
      await consumer.connect();
      await consumer.subscribe({ topic: name, fromBeginning: true });
      await consumer.run({ eachMessage: async () => { received = true; } });
    };
    await Promise.all([write(), read()]);
    await waitUntil(() => received, { description: "The probe's record not read", timeoutMs: 10_000, intervalMs: 5, signal });
  } finally {
    // A group can be deleted once its member has left.
    for (const step of undo.reverse()) await step().catch(() => undefined);
  }
}
