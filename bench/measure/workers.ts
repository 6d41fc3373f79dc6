import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { connectKafka, partitionOfKey, readSettings, serializeMessage, timestampNow } from "kafka-llm-chat";
import { readReply } from "kafka-llm-chat/internal/chat/Reply.js";
import { ensureChatTopics } from "kafka-llm-chat/internal/chat/topics.js";
import { readBounds } from "kafka-llm-chat/internal/kafka/readOffsets.js";
import { readPartitions } from "kafka-llm-chat/internal/kafka/readPartitions.js";
import { RecordWriter } from "kafka-llm-chat/internal/kafka/RecordWriter.js";
import type { Bench } from "../support/Bench.js";
import { forgetfulAssistant } from "../support/forgetfulAssistant.js";
import { QUESTIONS } from "../support/questions.js";
import type { Result, Row } from "../support/Result.js";
import { AT_ONCE, PACE } from "../support/scriptedModel.js";

const WORKERS = [1, 2, 4];
/** How long replies are counted, once all talk, in milliseconds. */
const COUNTED_MS = 20_000;

/** Point 6: more assistants, with a model whose speed is fixed and that costs nothing, so that only Kafka's part can slow them down. */
export async function measureWorkers(bench: Bench): Promise<Result[]> {
  const rows: Row[] = WORKERS.map((workers) => ({ name: `${workers} assistant${workers === 1 ? "" : "s"}`, unit: "replies/s", values: [[], []], headline: workers > 1 }));
  for (let round = 0; round < bench.options.rounds; round++) {
    const speeds = new Map<number, number>();
    for (const workers of round % 2 === 0 ? WORKERS : [...WORKERS].reverse()) {
      bench.progress(`round ${round + 1} of ${bench.options.rounds}: ${workers} at work`);
      speeds.set(workers, await bench.run(() => measureOne(bench, workers)));
    }
    for (const [index, workers] of WORKERS.entries()) {
      rows[index]?.values[0]?.push(speeds.get(workers) ?? Number.NaN);
      rows[index]?.values[1]?.push((speeds.get(1) ?? Number.NaN) * workers);
    }
  }
  return [{
    title: `Assistants of ${AT_ONCE} replies at once, ${PACE} tokens/s each`, goal: "near-linear up to the number of partitions", compare: "ratio",
    contestants: ["together", "as many times one"], rows,
  }];
}

/** Replies a second while as many conversations talk in each partition as one assistant answers at once: so each assistant has enough to do, however few partitions it has. */
async function measureOne(bench: Bench, workers: number): Promise<number> {
  const env = bench.environment();
  const settings = readSettings(env);
  const kafka = connectKafka(settings.cluster);
  const { topics, partitions } = await ensureChatTopics(kafka, settings.chatTopic);
  await Promise.all(Array.from({ length: workers }, async () => bench.own(await forgetfulAssistant({ env, kind: "scripted" }))));
  const writer = new RecordWriter(kafka);
  await writer.connect();
  bench.later(() => writer.close());
  let failed: Error | undefined;
  const fail = (error: unknown): void => void (failed ??= error as Error);
  let asked = 0;
  const ask = async (conversation: string): Promise<void> => {
    const uuid = randomUUID();
    const text = QUESTIONS[asked++ % QUESTIONS.length] as string;
    await writer.send([{
      topic: topics.chat, partition: partitionOfKey(conversation, partitions), key: conversation, headers: { uuid },
      value: serializeMessage({ uuid, role: "human", text, conversation, timestamp: timestampNow() }),
    }]);
  };
  const answered = new Map<string, number>(idsByPartition(partitions).map((conversation) => [conversation, 0]));
  let replies = 0;
  // One reader, which reads no tokens: what the people would take of the processors is not what is measured.
  const reader = await readPartitions(kafka, {
    positions: [...await readBounds(kafka, topics.chat)].map(([partition, { end }]) => ({ topic: topics.chat, partition, offset: end })),
    onError: fail,
    onRecord: (record) => {
      const reply = readReply(record);
      const before = reply === undefined ? undefined : answered.get(reply.conversation);
      if (reply === undefined || before === undefined) return;
      if (reply.error !== undefined) fail(new Error(`An assistant could not answer: ${reply.text}`));
      answered.set(reply.conversation, before + 1);
      replies += 1;
      ask(reply.conversation).catch(fail);
    },
  });
  bench.own(reader);
  await Promise.all([...answered.keys()].map(ask));
  const check = async (): Promise<void> => {
    await delay(50);
    if (failed !== undefined) throw failed;
  };
  while ([...answered.values()].some((count) => count === 0)) await check();
  const [started, before] = [performance.now(), replies];
  while (performance.now() - started < COUNTED_MS) await check();
  return (replies - before) / ((performance.now() - started) / 1000);
}

/** Ids of conversations, AT_ONCE in each partition. */
function idsByPartition(partitions: number): string[] {
  const found = Array.from({ length: partitions }, () => [] as string[]);
  while (found.some((ids) => ids.length < AT_ONCE)) {
    const id = randomUUID();
    const ids = found[partitionOfKey(id, partitions)] ?? [];
    if (ids.length < AT_ONCE) ids.push(id);
  }
  return found.flat();
}
