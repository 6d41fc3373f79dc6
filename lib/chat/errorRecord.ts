import type { LogRecord, NewRecord } from "../kafka/LogRecord.js";

/** A record for the error topic: the original key and bytes, and in headers what is wrong and where it came from. */
export function errorRecord(topic: string, { topic: from, partition, offset, key, value }: LogRecord, reason: string, message: string): NewRecord {
  return { topic, partition, key, value, headers: { reason, message, topic: from, partition: String(partition), offset: offset.toString() } };
}
