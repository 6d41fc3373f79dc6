import { randomUUID } from "node:crypto";
import { checkReachable } from "../kafka/checkReachable.js";
import { connectKafka } from "../kafka/connectKafka.js";
import { partitionOfKey } from "../kafka/partitionOfKey.js";
import { readBoundsOf } from "../kafka/readOffsets.js";
import { readPartitions } from "../kafka/readPartitions.js";
import { RecordWriter } from "../kafka/RecordWriter.js";
import { readSettings, type Settings } from "../settings.js";
import { Chat, type ChatListeners } from "./Chat.js";
import { ensureChatTopics } from "./topics.js";

export interface OpenChatOptions extends ChatListeners {
  /** Id of the conversation. Default: a new one. */
  conversation?: string;
  /** Default: from the environment. */
  settings?: Settings;
}

/**
 * Opens a conversation: consumer 2, the person's side. Resolves when replies can be received.
 * @throws ClusterUnreachableError when no broker answers; TopicMismatchError when the topics do not fit together.
 */
export async function openChat({ conversation = randomUUID(), settings = readSettings(), ...listeners }: OpenChatOptions = {}): Promise<Chat> {
  if (conversation === "") throw new Error("The id of a conversation has at least one character");
  await checkReachable(settings.cluster);
  const kafka = connectKafka(settings.cluster);
  const { topics, partitions } = await ensureChatTopics(kafka, settings.chatTopic);
  const partition = partitionOfKey(conversation, partitions);
  const writer = new RecordWriter(kafka);
  const chat = new Chat(conversation, partition, topics, writer, listeners);
  await writer.connect();
  try {
    const bounds = await readBoundsOf(kafka, [topics.chat, topics.tokens, topics.errors]);
    const reader = await readPartitions(kafka, {
      positions: [...bounds].map(([topic, found]) => ({ topic, partition, offset: found.get(partition)?.end ?? 0n })),
      onRecord: (record) => chat.receive(record),
      onError: (error) => chat.fail(error),
    });
    return chat.receivesFrom(reader);
  } catch (error) {
    await writer.close();
    throw error;
  }
}
