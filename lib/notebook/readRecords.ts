import { connectKafka } from "../kafka/connectKafka.js";
import { countPartitions } from "../kafka/ensureTopics.js";
import type { LogRecord } from "../kafka/LogRecord.js";
import { partitionOfKey } from "../kafka/partitionOfKey.js";
import { readBounds } from "../kafka/readOffsets.js";
import { readPartitions } from "../kafka/readPartitions.js";
import { readSettings, type Settings } from "../settings.js";

export interface ReadRecordsOptions {
  topic: string;
  key: string;
  /** Looks at each record of the key; the first for which it gives true is the last one that is read. */
  until: (record: LogRecord) => boolean;
  /** Limit in milliseconds. Default 30 000. */
  timeoutMs?: number;
  /** Default: from the environment. */
  settings?: Settings;
}

/**
 * The committed records of one key, from the start of its partition.
 * @throws Error when the last one has not come in time.
 */
export async function readRecords({ topic, key, until, timeoutMs = 30_000, settings = readSettings() }: ReadRecordsOptions): Promise<LogRecord[]> {
  const kafka = connectKafka(settings.cluster);
  const partition = partitionOfKey(key, await countPartitions(kafka, topic) ?? 1);
  const offset = (await readBounds(kafka, topic)).get(partition)?.start ?? 0n;
  const records: LogRecord[] = [];
  const { promise, resolve, reject } = withResolvers();
  const limit = setTimeout(
    () => reject(new Error(`The record that was waited for has not come to "${topic}", partition ${partition}, within ${timeoutMs / 1000} s; ${records.length} records of this key have`)), timeoutMs);
  const reader = await readPartitions(kafka, {
    positions: [{ topic, partition, offset }],
    onError: reject,
    onRecord: (record) => {
      if (record.key?.toString() !== key) return;
      records.push(record);
      if (until(record)) resolve(records.slice());
    },
  });
  try {
    return await promise;
  } finally {
    clearTimeout(limit);
    await reader.stop();
  }
}

function withResolvers() {
  let resolve!: (records: LogRecord[]) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<LogRecord[]>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
