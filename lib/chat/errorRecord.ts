import type { LogRecord, NewRecord } from "../kafka/LogRecord.js";

/**
 * Most bytes of key and value, and characters of the message, that go into the error topic, whose batches have 2 MiB at most: a batch that was
 * small while it was compressed may be larger, and a record that is always refused would stop its partition for ever.
 */
const MOST_KEY_BYTES = 256 * 1024;
const MOST_VALUE_BYTES = 1_280 * 1024;
const MOST_CHARACTERS = 1_000;

/** A record for the error topic: the original key and bytes, and in headers what is wrong and where it came from; `cut` says so where there is not all of them. */
export function errorRecord(topic: string, { topic: from, partition, offset, key, value }: LogRecord, reason: string, message: string): NewRecord {
  const cut = [...cutOff("key", key, MOST_KEY_BYTES), ...cutOff("value", value, MOST_VALUE_BYTES)].join(", ");
  return {
    topic, partition, key: key?.subarray(0, MOST_KEY_BYTES) ?? null, value: value?.subarray(0, MOST_VALUE_BYTES) ?? null,
    headers: {
      reason, message: message.length > MOST_CHARACTERS ? `${message.slice(0, MOST_CHARACTERS)}…` : message,
      topic: from, partition: String(partition), offset: offset.toString(), ...(cut === "" ? {} : { cut }),
    },
  };
}

function cutOff(name: string, bytes: Buffer | null, most: number): string[] {
  return bytes === null || bytes.length <= most ? [] : [`${name}: the first ${most} of ${bytes.length} bytes`];
}
