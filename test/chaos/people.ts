import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { connectKafka, openChat, partitionOfKey, serializeMessage, type Settings, timestampNow } from "kafka-llm-chat";
import { RecordWriter } from "kafka-llm-chat/internal/kafka/RecordWriter.js";
import { retryUntil } from "kafka-llm-chat/internal/chat/retryUntil.js";
import { question } from "./simulatedModel.js";

/** What somebody who talks keeps track of. */
export interface Talk {
  /** Messages that Kafka has acknowledged. */
  acknowledged: number;
  /** Replies whose pieces, put together, were not the committed reply. */
  torn: number;
}

export interface TalkOptions {
  settings: Settings;
  conversation: string;
  /** Says when it is enough. */
  enough: () => boolean;
  random: () => number;
}

/** While the broker is killed again and again, nobody answers for some time; that is no fault. In milliseconds. */
const REPLY_LIMIT_MS = 240_000;

/** A person who waits for each reply before the next message, and watches it being written. */
export async function talk({ settings, conversation, enough }: TalkOptions): Promise<Talk> {
  let shown = "";
  const chat = await openChat({ settings, conversation, onText: (text) => (shown += text), onRestart: () => (shown = "") });
  const result: Talk = { acknowledged: 0, torn: 0 };
  try {
    for (let n = 0; !enough(); n++) {
      shown = "";
      const reply = await chat.say(question(conversation, n), { timeoutMs: REPLY_LIMIT_MS });
      result.acknowledged += 1;
      if (shown !== reply.text) result.torn += 1;
    }
    return result;
  } finally {
    await chat.stop();
  }
}

/** A program that writes one message after the other and does not wait for replies: they queue up. */
export async function pour({ settings, conversation, enough, random }: TalkOptions, partitions: number): Promise<Talk> {
  const writer = new RecordWriter(connectKafka(settings.cluster));
  await writer.connect();
  const place = { topic: settings.chatTopic, partition: partitionOfKey(conversation, partitions), key: conversation };
  const result: Talk = { acknowledged: 0, torn: 0 };
  try {
    for (let n = 0; !enough(); n++) {
      const uuid = randomUUID();
      const value = serializeMessage({ uuid, role: "human", text: question(conversation, n), conversation, timestamp: timestampNow() });
      await retryUntil(() => writer.send([{ ...place, value, headers: { uuid } }]), { timeoutMs: 120_000, what: "Writing a message" });
      result.acknowledged += 1;
      await delay(200 + 1_000 * random());
    }
    return result;
  } finally {
    await writer.close();
  }
}
