import { randomUUID } from "node:crypto";
import { checkReachable } from "../kafka/checkReachable.js";
import { connectKafka } from "../kafka/connectKafka.js";
import type { LogRecord } from "../kafka/LogRecord.js";
import { partitionOfKey } from "../kafka/partitionOfKey.js";
import { readToEnd } from "../kafka/readToEnd.js";
import { RecordWriter } from "../kafka/RecordWriter.js";
import type { Settings } from "../settings.js";
import { serializeMessage, tryParseMessage } from "./ChatMessage.js";
import { ensureChatTopics } from "./topics.js";

/** A record that could not be answered, and why. */
export interface FailedRecord {
  /** Names it in commands: `<partition>:<offset>` in the error topic. */
  id: string;
  reason: string;
  message: string;
  /** Where it came from. */
  partition: number;
  offset: string;
  key: Buffer | null;
  value: Buffer | null;
  /** What of key and value is not here, since they were too large for the error topic. */
  cut: string | undefined;
}

/**
 * All records of the error topic, oldest first in each partition.
 * @throws ClusterUnreachableError when no broker answers.
 */
export async function listErrors(settings: Settings): Promise<FailedRecord[]> {
  await checkReachable(settings.cluster);
  const kafka = connectKafka(settings.cluster);
  const { topics } = await ensureChatTopics(kafka, settings.chatTopic);
  return (await readToEnd(kafka, topics.errors)).map(toFailedRecord);
}

/**
 * Sends a record through the chat again: to the partition of its key, under a new identity, with the header `resend_of`.
 * @returns the new identity.
 * @throws Error when the record belongs to no conversation, so that nobody could be answered, or is not whole.
 */
export async function resend(settings: Settings, { id, key, value, cut }: FailedRecord): Promise<string> {
  if (cut !== undefined) throw new Error(`${id} is not whole in the error topic (${cut}), so it cannot be sent again`);
  const conversation = key === null || key.length === 0 ? tryParseMessage(value)?.conversation || undefined : key.toString();
  if (conversation === undefined) throw new Error(`${id} has no key and no conversation_id, so it cannot be sent again`);
  const kafka = connectKafka(settings.cluster);
  const { topics, partitions } = await ensureChatTopics(kafka, settings.chatTopic);
  const uuid = randomUUID();
  const writer = new RecordWriter(kafka);
  await writer.connect();
  try {
    await writer.send([{
      topic: topics.chat, partition: partitionOfKey(conversation, partitions), key: conversation, value: withIdentity(value, uuid),
      headers: { uuid, resend_of: id },
    }]);
  } finally {
    await writer.close();
  }
  return uuid;
}

function toFailedRecord({ partition, offset, key, value, headers }: LogRecord): FailedRecord {
  return {
    id: `${partition}:${offset}`, key, value,
    reason: headers.get("reason") ?? "unknown", message: headers.get("message") ?? "", cut: headers.get("cut"),
    partition: Number(headers.get("partition")), offset: headers.get("offset") ?? "",
  };
}

/** Ours write the identity into the value, too. What is no message stays as it is. */
function withIdentity(value: Buffer | null, uuid: string): Buffer | string | null {
  const message = tryParseMessage(value);
  return message === undefined ? value : serializeMessage({ ...message, uuid });
}
