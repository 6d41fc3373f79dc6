import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import kafkajs from "kafkajs";
import { connectKafka, openChat, partitionOfKey, serializeMessage, startAssistant, topicsOf } from "kafka-llm-chat";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import type { NewRecord } from "kafka-llm-chat/internal/kafka/LogRecord.js";
import { RecordWriter } from "kafka-llm-chat/internal/kafka/RecordWriter.js";
import { registerUnsupportedCodecs } from "kafka-llm-chat/internal/kafka/unsupportedCodecs.js";
import { random } from "./chaos/random.js";
import { readLog } from "./support/readLog.js";
import { ScriptedModel } from "./support/ScriptedModel.js";
import { testCluster } from "./support/testCluster.js";

const BAD = 1_000;
const PARTITIONS = 6;

test("of 1,000 generated records that are no messages each gets into the error topic, with its reason, and each good one between them is answered", { timeout: 120_000 }, async (context) => {
  const seed = Date.now() % 2 ** 31;
  context.diagnostic(`seed ${seed}`);
  const next = random(seed);
  const cluster = await testCluster();
  const settings = cluster.settings();
  const { chat: topic, errors } = topicsOf(settings.chatTopic);
  const assistant = await startAssistant({ settings, model: new ScriptedModel(async function* (input) {
    yield `re: ${input}`;
  }) });
  const writer = new RecordWriter(connectKafka(settings.cluster));
  await writer.connect();
  try {
    const records: NewRecord[] = [];
    const good = new Set<string>();
    for (let n = 0; n < BAD; n++) {
      records.push(badRecord(topic, next, n));
      if (next() > 0.1) continue;
      const uuid = randomUUID();
      good.add(uuid);
      records.push({ topic, ...place(`good-${n % 7}`), headers: { uuid }, value: message(`good-${n % 7}`, `message ${n}`) });
    }
    for (let at = 0; at < records.length; at += 50) await writer.send(records.slice(at, at + 50));
    const { found, replies } = await waitUntil(async () => {
      const found = await readLog(settings, errors);
      const replies = (await readLog(settings, topic)).filter(({ headers }) => headers.has("reply_to"));
      return found.length >= BAD && replies.length >= good.size && { found, replies };
    }, { description: "Records missing in the error topic, or replies", timeoutMs: 60_000, intervalMs: 500 });
    assert.deepEqual(new Set(replies.map(({ headers }) => headers.get("reply_to"))), good);
    assert.equal(replies.length, good.size);
    assert.equal(found.length, BAD, "each once");
    const sources = new Map((await readLog(settings, topic)).map((record) => [`${record.partition}:${record.offset}`, record]));
    for (const { headers, value } of found) {
      const source = sources.get(`${headers.get("partition")}:${headers.get("offset")}`);
      assert.equal(headers.get("reason"), source?.headers.get("wanted"), `${source?.value?.toString("latin1").slice(0, 200)}`);
      assert.deepEqual(value, source?.value);
    }
  } finally {
    await writer.close();
    await assistant.stop();
    await cluster.stop();
  }
});

test("of 20,000 records that are no messages, more than fits into one batch, each gets into the error topic, and the message after them is answered", { timeout: 120_000 }, async () => {
  const many = 20_000;
  const cluster = await testCluster();
  const settings = cluster.settings();
  const { errors } = topicsOf(settings.chatTopic);
  const chat = await openChat({ settings });
  const writer = new RecordWriter(connectKafka(settings.cluster));
  await writer.connect();
  const bad = { topic: settings.chatTopic, ...place(chat.conversation), value: "no message" };
  for (let written = 0; written < many; written += 5_000) await writer.send(Array.from({ length: 5_000 }, () => bad));
  const reply = chat.say("and now?");
  const assistant = await startAssistant({ settings, model: new ScriptedModel(async function* (input) {
    yield `re: ${input}`;
  }) });
  try {
    assert.equal((await reply).text, "re: and now?");
    await waitUntil(async () => (await readLog(settings, errors)).length >= many, { description: "Records missing in the error topic", timeoutMs: 60_000, intervalMs: 500 });
    assert.equal((await readLog(settings, errors)).length, many, "each once");
  } finally {
    await chat.stop();
    await writer.close();
    await assistant.stop();
    await cluster.stop();
  }
});

test("a batch in a codec that kafkajs lacks is stood in for by as many records as it has, however many", async () => {
  registerUnsupportedCodecs();
  const count = 300_000;
  const batch = Buffer.alloc(20);
  batch.writeInt32BE(count, 8);
  const codec = (kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] as () => { decompress(compressed: Buffer): Promise<Buffer> })();
  const records = await codec.decompress(batch.subarray(12));
  let found = 0;
  // Each record begins with its length, zig-zag and seven bits a byte; these are short.
  for (let at = 0; at < records.length; found += 1) {
    const [low = 0, high = 0] = records.subarray(at, at + 2);
    const [length, bytes] = low < 128 ? [low / 2, 1] : [((low & 127) | (high << 7)) / 2, 2];
    at += bytes + length;
  }
  assert.equal(found, count);
});

function place(key: string): { key: string; partition: number } {
  return { key, partition: partitionOfKey(key, PARTITIONS) };
}

function message(conversation: string, text: string): string {
  return serializeMessage({ uuid: conversation, role: "human", text, conversation, timestamp: 1_732_402_800_123_456_789n });
}

/** A record that is wrong in one way; the header `wanted` says in which. */
function badRecord(topic: string, next: () => number, n: number): NewRecord {
  const pick = <T>(...from: T[]): T => from[Math.floor(next() * from.length)] as T;
  const conversation = `bad-${Math.floor(next() * 20)}`;
  const fine = JSON.parse(message(conversation, `text ${n}`)) as Record<string, unknown>;
  const junk = (): unknown => pick<unknown>(null, 0, -1.5, true, [], {}, [1, [2]], { text: "x" });
  const bytes = Buffer.from(Array.from({ length: 1 + Math.floor(next() * 200) }, () => Math.floor(next() * 256)));
  const withFields = (fields: Record<string, unknown>): string => JSON.stringify({ ...fine, ...fields });
  const field = pick("uuid", "role", "text", "conversation_id", "Timestamp");
  const kinds: [string, () => Partial<NewRecord>][] = [
    // Bytes that happen to be JSON would be another kind of wrong: 0xff is never part of UTF-8.
    ["not-json", () => ({ value: Buffer.concat([bytes, Buffer.from([0xff])]) })],
    ["not-json", () => ({ value: pick<string | null>(null, "", " ", "null", "42", '"text"', "[]", "{", message(conversation, "x").slice(0, -1), `${message(conversation, "x")}}`) })],
    ["missing-field", () => ({ value: JSON.stringify(Object.fromEntries(Object.entries(fine).filter(([name]) => name !== field))) })],
    ["wrong-type", () => ({ value: field === "Timestamp" ? withFields({ Timestamp: pick<unknown>("1", 1.5, null, true, [1]) }) : withFields({ [field]: junk() }) })],
    ["unknown-role", () => ({ value: withFields({ role: pick("system", "ai", "Human", "assistant", "", "AI ") }) })],
    ["empty", () => ({ value: withFields({ text: pick("", " ", "\n\t ", "\u00a0", "\u2003") }) })],
    ["too-long", () => ({ value: withFields({ text: pick("x", "ü", "🤖").repeat(8_193) }) })],
    ["no-key", () => ({ key: pick<string | null>(null, "") })],
    ["wrong-key", () => ({ value: withFields({ conversation_id: pick("", `${conversation} `, "another") }) })],
    ["wrong-partition", () => ({ partition: (partitionOfKey(conversation, PARTITIONS) + 1 + Math.floor(next() * (PARTITIONS - 1))) % PARTITIONS })],
  ];
  const [wanted, make] = pick(...kinds);
  return { topic, ...place(conversation), value: JSON.stringify(fine), headers: { uuid: randomUUID(), wanted }, ...make() };
}
