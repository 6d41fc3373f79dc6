import { connectKafka, type Settings } from "kafka-llm-chat";
import type { LogRecord, NewRecord } from "kafka-llm-chat/internal/kafka/LogRecord.js";
import { readToEnd } from "kafka-llm-chat/internal/kafka/readToEnd.js";
import { RecordWriter } from "kafka-llm-chat/internal/kafka/RecordWriter.js";

/** All committed records of a topic, partition by partition. Markers of transactions are no records. */
export function readLog(settings: Settings, topic: string): Promise<LogRecord[]> {
  return readToEnd(connectKafka(settings.cluster), topic, { signal: AbortSignal.timeout(20_000) });
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
