import { connectKafka, type Settings } from "kafka-llm-chat";
import type { LogRecord } from "kafka-llm-chat/internal/kafka/LogRecord.js";
import { readEndOffsets, readStartOffsets } from "kafka-llm-chat/internal/kafka/readOffsets.js";
import { readPartitions } from "kafka-llm-chat/internal/kafka/readPartitions.js";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { RecordWriter } from "kafka-llm-chat/internal/kafka/RecordWriter.js";
import type { NewRecord } from "kafka-llm-chat/internal/kafka/LogRecord.js";

/** All committed records of a topic, partition by partition. Markers of transactions are no records. */
export async function readLog(settings: Settings, topic: string): Promise<LogRecord[]> {
  const kafka = connectKafka(settings.cluster);
  const ends = (await readEndOffsets(kafka, [topic])).get(topic) ?? new Map<number, bigint>();
  const starts = await readStartOffsets(kafka, topic);
  const open = [...ends].filter(([partition, end]) => end > (starts.get(partition) ?? 0n));
  const records: LogRecord[] = [];
  if (open.length === 0) return records;
  const reached = new Map<number, bigint>();
  let failure: Error | undefined;
  const reader = await readPartitions(kafka, {
    positions: open.map(([partition]) => ({ topic, partition, offset: starts.get(partition) ?? 0n })),
    onError: (error) => (failure = error),
    onRecord: (record) => records.push(record),
    onPosition: (_topic, partition, next) => reached.set(partition, next),
  });
  try {
    await waitUntil(() => {
      if (failure !== undefined) throw failure;
      return open.every(([partition, end]) => (reached.get(partition) ?? 0n) >= end);
    }, { description: `${topic} not read to its end`, timeoutMs: 20_000 });
  } finally {
    await reader.stop();
  }
  return records;
}

/** Writes records as any program might. */
export async function writeLog(settings: Settings, records: NewRecord[]): Promise<void> {
  const writer = new RecordWriter(connectKafka(settings.cluster));
  await writer.connect();
  try {
    for (const record of records) await writer.send([record]);
  } finally {
    await writer.close();
  }
}
