import { waitUntil } from "../daemon/waitUntil.js";
import { checkReachable } from "../kafka/checkReachable.js";
import { connectKafka } from "../kafka/connectKafka.js";
import type { LogRecord } from "../kafka/LogRecord.js";
import { partitionOfKey } from "../kafka/partitionOfKey.js";
import { readBounds } from "../kafka/readOffsets.js";
import { readPartitions } from "../kafka/readPartitions.js";
import { RecordWriter } from "../kafka/RecordWriter.js";
import { readSettings, type Settings } from "../settings.js";
import { serializeCancel } from "./Cancellations.js";
import { MAX_TEXT_BYTES } from "./prompt.js";
import { readIncoming } from "./readIncoming.js";
import { readMemory } from "./readMemory.js";
import { readReply, type Reply } from "./Reply.js";
import { ensureChatTopics } from "./topics.js";

export interface CancelRepliesOptions {
  conversation: string;
  /** Default: from the environment. */
  settings?: Settings;
  /** How long the replies are waited for, in milliseconds. Default 30 000. */
  timeoutMs?: number;
}

/** A message whose reply somebody wished to stop. */
export interface CancelWish {
  /** Identity of the message, and what it says. */
  question: string;
  text: string;
  /**
   * What became of it. Not `cancelled`: it was finished before the wish came. Undefined: none was committed in time, as
   * where no assistant runs; one that starts within an hour heeds the wish.
   */
  reply: Reply | undefined;
}

/**
 * Cancels from any process what is being answered in a conversation, and what waits for its turn there. Resolves when the
 * replies are committed: what was written until then.
 * @returns one wish a message that had no reply; none where nothing was to be cancelled.
 * @throws ClusterUnreachableError when no broker answers.
 */
export async function cancelReplies({ conversation, settings = readSettings(), timeoutMs = 30_000 }: CancelRepliesOptions): Promise<CancelWish[]> {
  await checkReachable(settings.cluster);
  const kafka = connectKafka(settings.cluster);
  const { topics, partitions } = await ensureChatTopics(kafka, settings.chatTopic);
  const partition = partitionOfKey(conversation, partitions);
  const memory = await readMemory(kafka, topics.memory, partition, conversation);
  const { start, end } = (await readBounds(kafka, topics.chat)).get(partition) ?? { start: 0n, end: 0n };
  const offset = memory === undefined ? start : memory.answeredOffset + 1n;
  if (offset >= end) return [];

  const open = new OpenMessages(conversation, partitions);
  const writer = new RecordWriter(kafka);
  const ended = new AbortController();
  let next = offset;
  const reader = await readPartitions(kafka, {
    positions: [{ topic: topics.chat, partition, offset }],
    onError: (error) => ended.abort(error),
    onRecord: (record) => open.add(record),
    onPosition: (_topic, _partition, position) => {
      next = position;
    },
  });
  const wait = { timeoutMs, intervalMs: 20, signal: ended.signal };
  try {
    await writer.connect();
    await waitUntil(() => next >= end, { ...wait, description: `Reading the conversation ${conversation} not finished` });
    const wishes = open.unanswered();
    if (wishes.length === 0) return [];
    await writer.send(wishes.map(({ question }) => ({ topic: topics.control, partition, key: conversation, value: serializeCancel(question) })));
    const answered = (): boolean => wishes.every(({ question }) => open.replyTo(question) !== undefined);
    await waitUntil(answered, { ...wait, description: "Replies missing" }).catch(() => ended.signal.throwIfAborted());
    return wishes.map((wish) => ({ ...wish, reply: open.replyTo(wish.question) }));
  } finally {
    await reader.stop();
    await writer.close();
  }
}

/** The messages of a conversation that were read, and their replies. */
class OpenMessages {
  private readonly questions = new Map<string, string>();
  private readonly replies = new Map<string, Reply>();

  constructor(private readonly conversation: string, private readonly partitions: number) {}

  add(record: LogRecord): void {
    if (record.key?.toString() !== this.conversation) return;
    const reply = readReply(record);
    if (reply !== undefined) this.replies.set(reply.replyTo, reply);
    const incoming = readIncoming(record, { partitions: this.partitions, maxTextBytes: MAX_TEXT_BYTES });
    if (incoming.kind === "question") this.questions.set(incoming.identity, incoming.message.text);
  }

  replyTo(question: string): Reply | undefined {
    return this.replies.get(question);
  }

  unanswered(): { question: string; text: string }[] {
    return [...this.questions].flatMap(([question, text]) => (this.replies.has(question) ? [] : [{ question, text }]));
  }
}
