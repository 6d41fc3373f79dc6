import { randomUUID } from "node:crypto";
import { connectKafka, partitionOfKey, serializeMessage, type Settings, timestampNow } from "kafka-llm-chat";
import { replyIdOf } from "kafka-llm-chat/internal/chat/identity.js";
import { type Memory, remember, serializeMemory, trimmer } from "kafka-llm-chat/internal/chat/Memory.js";
import { MEMORY_TOKENS } from "kafka-llm-chat/internal/chat/prompt.js";
import { ensureChatTopics } from "kafka-llm-chat/internal/chat/topics.js";
import type { NewRecord } from "kafka-llm-chat/internal/kafka/LogRecord.js";
import { RecordWriter } from "kafka-llm-chat/internal/kafka/RecordWriter.js";
import { QUESTIONS } from "./questions.js";

const REPLY = "A topic is a named log of records. It is split into partitions, and each of them keeps its own order. ".repeat(2).trim();
/** Turns that are written with one request. */
const TURNS_A_BATCH = 500;
const trim = trimmer(MEMORY_TOKENS, (text) => Math.ceil(text.length / 4));

/**
 * Writes a chat as assistants would have: questions, their replies, a memory record for each turn, and the group's offset behind it all.
 * Without transactions, so chat offsets in the memories are counted.
 */
export async function fillLog(settings: Settings, { messages, conversations, onProgress }: { messages: number; conversations: number; onProgress: (share: number) => void }): Promise<void> {
  const kafka = connectKafka(settings.cluster);
  const { topics, partitions } = await ensureChatTopics(kafka, settings.chatTopic);
  const writer = new RecordWriter(kafka);
  await writer.connect();
  const ids = Array.from({ length: conversations }, () => randomUUID());
  const next = new Array<bigint>(partitions).fill(0n);
  const memories = new Map<string, Memory>();
  const turns = Math.floor(messages / 2);
  try {
    for (let first = 0; first < turns; first += TURNS_A_BATCH) {
      const records: NewRecord[] = [];
      for (let turn = first; turn < Math.min(turns, first + TURNS_A_BATCH); turn++) {
        const conversation = ids[turn % conversations] as string;
        const partition = partitionOfKey(conversation, partitions);
        const offset = next[partition] ?? 0n;
        next[partition] = offset + 2n;
        const [text, identity] = [QUESTIONS[turn % QUESTIONS.length] as string, randomUUID()];
        const reply = replyIdOf(conversation, identity);
        const record = (uuid: string, role: "human" | "AI", said: string, headers: Record<string, string>): NewRecord => ({
          topic: topics.chat, partition, key: conversation, headers: { uuid, ...headers },
          value: serializeMessage({ uuid, role, text: said, conversation, timestamp: timestampNow() }),
        });
        const memory = await trim(remember(memories.get(conversation), {
          offset, identity, messages: [{ id: identity, role: "human", text, offset }, { id: reply, role: "AI", text: REPLY, offset: offset + 1n }],
        }));
        memories.set(conversation, memory);
        records.push(
          record(identity, "human", text, {}), record(reply, "AI", REPLY, { reply_to: identity, model: "none", worker: "bench", timings: "{}" }),
          { topic: topics.memory, partition, key: conversation, value: serializeMemory(memory) },
        );
      }
      await writer.send(records);
      onProgress(Math.min(1, (first + TURNS_A_BATCH) / turns));
    }
  } finally {
    await writer.close();
  }
  const admin = kafka.admin();
  await admin.connect();
  try {
    await admin.setOffsets({ groupId: topics.group, topic: topics.chat, partitions: next.map((offset, partition) => ({ partition, offset: offset.toString() })) });
  } finally {
    await admin.disconnect();
  }
}
