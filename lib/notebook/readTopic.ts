import { connectKafka } from "../kafka/connectKafka.js";
import type { LogRecord } from "../kafka/LogRecord.js";
import { readToEnd } from "../kafka/readToEnd.js";
import { readSettings, type Settings } from "../settings.js";

export interface ReadTopicOptions {
  topic: string;
  /** Limit in milliseconds. Default 30 000. */
  timeoutMs?: number;
  /** Default: from the environment. */
  settings?: Settings;
}

/**
 * All committed records of a topic, from its first to where it ends now, partition after partition.
 * @throws Error when they have not come in time.
 */
export async function readTopic({ topic, timeoutMs = 30_000, settings = readSettings() }: ReadTopicOptions): Promise<LogRecord[]> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new Error(`"${topic}" was not read to its end within ${timeoutMs / 1000} s`)), timeoutMs);
  try {
    return await readToEnd(connectKafka(settings.cluster), topic, { signal: limit.signal });
  } finally {
    clearTimeout(timer);
  }
}
