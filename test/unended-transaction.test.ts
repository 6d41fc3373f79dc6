import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import kafkajs from "kafkajs";
import { connectKafka, openChat, partitionOfKey, type Settings, startAssistant, topicsOf } from "kafka-llm-chat";
import { transactionalIdOf } from "kafka-llm-chat/internal/chat/topics.js";
import { parseMemory, serializeMemory } from "kafka-llm-chat/internal/chat/Memory.js";
import type { LogRecord } from "kafka-llm-chat/internal/kafka/LogRecord.js";
import { errorCodes } from "kafka-llm-chat/internal/kafka/errorCodes.js";
import { findUnended } from "kafka-llm-chat/internal/kafka/findUnended.js";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { readLog, writeLog } from "./support/readLog.js";
import { ScriptedModel } from "./support/ScriptedModel.js";
import { ownBroker, type TestCluster, testCluster } from "./support/testCluster.js";

const { ConfigResourceTypes } = kafkajs;
const PARTITIONS = 6;
const CONVERSATION = "held";
const PARTITION = partitionOfKey(CONVERSATION, PARTITIONS);

describe("a transaction that has no end", { timeout: 120_000 }, () => {
  let cluster: TestCluster;

  before(async () => {
    cluster = await testCluster();
  });
  after(async () => cluster.stop());

  /** Another program's, which stays open until it is told how to end. */
  const openTransaction = async (settings: Settings): Promise<{ abort(): Promise<void> }> => {
    const producer = connectKafka(settings.cluster).producer({ transactionalId: `other-${settings.chatTopic}`, idempotent: true, maxInFlightRequests: 1, transactionTimeout: 60_000 });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic: settings.chatTopic, messages: [{ partition: PARTITION, key: CONVERSATION, value: "never committed" }] });
    return {
      abort: async () => {
        await transaction.abort();
        await producer.disconnect();
      },
    };
  };

  test("is found, and a reply behind it comes once when it has ended", async () => {
    const settings = cluster.settings();
    const model = new ScriptedModel(async function* (input) {
      yield `re ${input}`;
    });
    const troubles: string[] = [];
    const assistant = await startAssistant({
      settings, model, sessionTimeoutMs: 3_000,
      onEvent: (event) => event.type === "trouble" && troubles.push(event.message),
    });
    const chat = await openChat({ settings, conversation: CONVERSATION });
    try {
      assert.equal((await chat.say("first")).text, "re first");
      const find = async (): Promise<number[]> => [...(await findUnended(connectKafka(settings.cluster), settings.chatTopic, [0, 1, 2, 3, 4, 5])).keys()];
      assert.deepEqual(await find(), []);
      const other = await openTransaction(settings);
      const second = chat.say("second");
      second.catch(() => undefined);
      await waitUntil(find, { description: "Not found", timeoutMs: 10_000 });
      assert.deepEqual(await find(), [PARTITION]);
      await other.abort();
      assert.equal((await second).text, "re second");
      assert.deepEqual(await find(), []);
      const replies = (await readLog(settings, settings.chatTopic)).filter(({ headers }) => headers.has("reply_to"));
      assert.equal(replies.length, 2);
      assert.deepEqual(troubles, []);
    } finally {
      await chat.stop();
      await assistant.stop();
    }
  });

  test("has the partition taken over again where a committed reply cannot be read", async () => {
    const settings = cluster.settings();
    let go: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (go = resolve));
    let opened: () => void = () => undefined;
    const open = new Promise<void>((resolve) => (opened = resolve));
    const model = new ScriptedModel(async function* () {
      go();
      await open;
      yield "held";
    });
    const troubles: string[] = [];
    let taken = 0;
    const assistant = await startAssistant({
      settings, model, sessionTimeoutMs: 3_000,
      onEvent: (event) => {
        if (event.type === "trouble") troubles.push(event.message);
        if (event.type === "assigned") taken += 1;
      },
    });
    const chat = await openChat({ settings, conversation: CONVERSATION });
    try {
      const reply = chat.say("first");
      reply.catch(() => undefined);
      await begun;
      const other = await openTransaction(settings);
      opened();
      await waitUntil(() => troubles.length > 0, { description: "Nobody has noticed", timeoutMs: 30_000 });
      // Taken over twice behind the other's transaction: the reply is committed, so it must not be written again.
      await waitUntil(() => troubles.length > 1 || model.inputs.length > 1 || taken > 1, { description: "Not taken over", timeoutMs: 30_000 });
      assert.match(troubles[0] ?? "", /^Partition \d is taken over again: The reply at offset \d+ was committed and cannot be read$/);
      await other.abort();
      assert.equal((await reply).text, "held");
      await assistant.stop();
      const replies = (await readLog(settings, settings.chatTopic)).filter(({ headers }) => headers.has("reply_to"));
      assert.equal(replies.length, 1);
      assert.equal(model.inputs.length, 1);
    } finally {
      await chat.stop();
      await assistant.stop();
    }
  });

  test("that is an assistant's own is ended by the next one, which answers again also where the memory alone was committed", async () => {
    const broker = await ownBroker();
    const settings = broker.settings();
    const topics = topicsOf(settings.chatTopic);
    const model = new ScriptedModel(async function* (input) {
      yield `re ${input}`;
    });
    const start = (): ReturnType<typeof startAssistant> => startAssistant({ settings, model, sessionTimeoutMs: 3_000 });
    const first = await start();
    const chat = await openChat({ settings, conversation: CONVERSATION });
    try {
      await chat.say("first");
      await first.stop();
      const second = chat.say("second");
      second.catch(() => undefined);
      const questions = async (): Promise<LogRecord[]> => (await readLog(settings, topics.chat)).filter(({ value }) => value?.includes("second") === true);
      const [question] = await waitUntil(async () => (await questions()).length > 0 && questions(), { description: "The question is not there", timeoutMs: 10_000 });
      assert.ok(question !== undefined);
      // As a broker leaves it that was killed between the markers of one commit: the reply without, memory and offset with theirs.
      await leaveUnended(settings, transactionalIdOf(topics, PARTITION));
      const memory = parseMemory((await readLog(settings, topics.memory)).filter(({ key }) => key?.toString() === CONVERSATION).at(-1)?.value as Buffer);
      memory.messages.push({ id: "reply", role: "AI", text: "lost", offset: question.offset + 1n });
      memory.answeredOffset = question.offset;
      await writeLog(settings, [{ topic: topics.memory, partition: PARTITION, key: CONVERSATION, value: serializeMemory(memory) }]);
      const admin = connectKafka(settings.cluster).admin();
      await admin.connect();
      await admin.setOffsets({ groupId: topics.group, topic: topics.chat, partitions: [{ partition: PARTITION, offset: String(question.offset + 1n) }] });
      await admin.disconnect();
      const again = await start();
      assert.equal((await second).text, "re second");
      await again.stop();
      assert.deepEqual(model.inputs, ["first", "second"]);
      assert.equal((await findUnended(connectKafka(settings.cluster), topics.chat, [PARTITION])).size, 0);
    } finally {
      await chat.stop();
      await first.stop();
      await broker.stop();
    }
  });

  /** Writes a record in a transaction of which the coordinator is not told, so that nobody will end it: kafkajs is kept from telling it, and the broker from asking. */
  const leaveUnended = async (settings: Settings, transactionalId: string): Promise<void> => {
    const kafka = connectKafka(settings.cluster);
    const admin = kafka.admin();
    await admin.connect();
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: ConfigResourceTypes.BROKER, name: "1", configEntries: [{ name: "transaction.partition.verification.enable", value: "false" }] }] });
    await admin.disconnect();
    const { prototype } = createRequire(import.meta.url)("kafkajs/src/broker") as { prototype: { addPartitionsToTxn: unknown } };
    const { addPartitionsToTxn } = prototype;
    prototype.addPartitionsToTxn = async () => undefined;
    const write = async (): Promise<boolean> => {
      const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
      try {
        await producer.connect();
        const transaction = await producer.transaction();
        await transaction.send({ topic: settings.chatTopic, messages: [{ partition: PARTITION, key: CONVERSATION, value: "never committed" }] });
        return true;
      } catch (error) {
        // The broker has acknowledged its new configuration and does not go by it yet.
        if (errorCodes(error).includes("INVALID_TXN_STATE")) return false;
        throw error;
      } finally {
        await producer.disconnect();
      }
    };
    try {
      await waitUntil(write, { description: "The broker still asks the coordinator", timeoutMs: 10_000 });
    } finally {
      prototype.addPartitionsToTxn = addPartitionsToTxn;
    }
    assert.equal((await findUnended(connectKafka(settings.cluster), settings.chatTopic, [PARTITION])).size, 1);
  };
});
