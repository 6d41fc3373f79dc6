import type { IHeaders, KafkaMessage, Message } from "kafkajs";

/** A record as it was read from a topic. */
export interface LogRecord {
  topic: string;
  partition: number;
  offset: bigint;
  key: Buffer | null;
  value: Buffer | null;
  /** Header values as text; of a header that occurs more than once, the last. */
  headers: ReadonlyMap<string, string>;
}

/** A record to be written. The partition is always given: nothing here leaves it to a client's default. */
export interface NewRecord {
  topic: string;
  partition: number;
  key: Buffer | string | null;
  value: Buffer | string | null;
  headers?: Record<string, string>;
}

export function toLogRecord(topic: string, partition: number, message: KafkaMessage): LogRecord {
  return { topic, partition, offset: BigInt(message.offset), key: message.key, value: message.value, headers: readHeaders(message.headers) };
}

export function toMessage({ partition, key, value, headers }: NewRecord): Message {
  return { partition, key, value, ...(headers === undefined ? {} : { headers }) };
}

function readHeaders(headers: IHeaders | undefined): Map<string, string> {
  const result = new Map<string, string>();
  for (const [name, given] of Object.entries(headers ?? {})) {
    const last = Array.isArray(given) ? given.at(-1) : given;
    if (last !== undefined) result.set(name, last.toString());
  }
  return result;
}
