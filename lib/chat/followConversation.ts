import { AsyncQueue } from "../AsyncQueue.js";
import { checkReachable } from "../kafka/checkReachable.js";
import { connectKafka } from "../kafka/connectKafka.js";
import type { LogRecord } from "../kafka/LogRecord.js";
import { partitionOfKey } from "../kafka/partitionOfKey.js";
import { readBounds, readOffsetsAt } from "../kafka/readOffsets.js";
import { readPartitions } from "../kafka/readPartitions.js";
import { readSettings, type Settings } from "../settings.js";
import type { Role } from "./ChatMessage.js";
import { replyIdOf } from "./identity.js";
import type { Memory } from "./Memory.js";
import { MAX_TEXT_BYTES } from "./prompt.js";
import { readIncoming } from "./readIncoming.js";
import { readMemory } from "./readMemory.js";
import { readReply } from "./Reply.js";
import { ReplyStream } from "./ReplyStream.js";
import { parseTokens } from "./TokenRecord.js";
import { ensureChatTopics } from "./topics.js";

/** What happens in a conversation, as somebody who joins it sees it. */
export type ConversationEvent =
  /** A message that is in the log: first those that the window or the history holds, then new ones. */
  | { type: "message"; id: string; role: Role; text: string; offset: bigint; replyTo: string | undefined; cancelled: boolean }
  /** All that follows happens now. */
  | { type: "joined" }
  /** A piece of a reply that is being written, and that what was shown of it does not count. Its message follows. */
  | { type: "text"; reply: string; text: string }
  | { type: "restart"; reply: string }
  /** The conversation was deleted: what was shown before is no part of it any more. */
  | { type: "deleted" };

export interface FollowOptions {
  conversation: string;
  /** What is shown of the time before: what the assistant remembers, or everything. Default `window`. */
  history?: "window" | "all";
  /** Default: from the environment. */
  settings?: Settings;
  /** Ends it. */
  signal?: AbortSignal;
}

/** Pieces of replies older than this, in milliseconds, belong to replies that are long finished. */
const TOKENS_FROM_MS = 10 * 60_000;

/**
 * Joins a conversation and tells what happens in it, until the signal is aborted: as often, from as many places, and as
 * late as one likes. Each message comes once, in the order of the log, and nothing is left out between the time before
 * and now: both are read by one reader, from the last record that the memory has seen.
 * @throws ClusterUnreachableError when no broker answers.
 */
export async function* followConversation({ conversation, history = "window", settings = readSettings(), signal }: FollowOptions): AsyncGenerator<ConversationEvent> {
  await checkReachable(settings.cluster);
  const kafka = connectKafka(settings.cluster);
  const { topics, partitions } = await ensureChatTopics(kafka, settings.chatTopic);
  const partition = partitionOfKey(conversation, partitions);
  const memory = await readMemory(kafka, topics.memory, partition, conversation);
  const { start, end } = (await readBounds(kafka, topics.chat)).get(partition) ?? { start: 0n, end: 0n };
  const tokensFrom = (await readOffsetsAt(kafka, topics.tokens, Date.now() - TOKENS_FROM_MS)).get(partition) ?? 0n;
  const queue = new AsyncQueue<ConversationEvent>();
  const leave = (): void => queue.end();
  if (signal?.aborted) leave();
  signal?.addEventListener("abort", leave, { once: true });
  const conversationSoFar = new Sequence(conversation, { partitions, maxTextBytes: MAX_TEXT_BYTES }, (event) => queue.push(event));
  if (history === "window" && memory !== undefined) conversationSoFar.remember(memory);
  const from = memory === undefined ? start : history === "window" ? memory.answeredOffset + 1n : later(memory.firstOffset, (memory.deletedThrough ?? -1n) + 1n);
  if (from >= end) conversationSoFar.join();
  const reader = await readPartitions(kafka, {
    positions: [{ topic: topics.chat, partition, offset: from }, { topic: topics.tokens, partition, offset: tokensFrom }],
    onError: (error) => queue.fail(error),
    onRecord: (record) => (record.topic === topics.chat ? conversationSoFar.addRecord(record) : conversationSoFar.addTokens(record)),
    onPosition: (topic, _, next) => {
      if (topic === topics.chat && next >= end) conversationSoFar.join();
    },
  });
  try {
    for await (const event of queue) yield event;
  } finally {
    signal?.removeEventListener("abort", leave);
    await reader.stop();
  }
}

/**
 * What was told of a conversation so far: each message once, and each piece of a reply from its question until its message
 * comes. A reply whose question was not told belongs to a time that is over: it was forgotten, failed, or deleted.
 */
class Sequence {
  private readonly told = new Set<string>();
  /** Replies that are to come: their questions were told. */
  private readonly open = new Set<string>();
  /** Replies of which there are pieces. Until everything from before is told, and the question too, their text waits. */
  private readonly writing = new Map<string, { stream: ReplyStream; waiting: string }>();
  private joined = false;

  constructor(
    private readonly conversation: string,
    private readonly limits: { partitions: number; maxTextBytes: number },
    private readonly tell: (event: ConversationEvent) => void,
  ) {}

  remember({ messages }: Memory): void {
    for (const { id, role, text, offset } of messages) this.add({ type: "message", id, role, text, offset, replyTo: undefined, cancelled: false });
  }

  /** Everything from before is told. May be called more than once. */
  join(): void {
    if (this.joined) return;
    this.joined = true;
    this.tell({ type: "joined" });
    for (const reply of this.open) this.showWaiting(reply);
  }

  addRecord(record: LogRecord): void {
    if (record.key?.toString() !== this.conversation) return;
    const reply = readReply(record);
    if (reply !== undefined) {
      // The pieces that are missing come first: who shows pieces has shown the whole reply when its message comes.
      if (this.joined && this.open.has(reply.id)) (this.writing.get(reply.id) ?? this.begin(reply.id)).stream.finish(reply.text);
      this.writing.delete(reply.id);
      const { id, text, offset, replyTo, cancelled } = reply;
      if (this.open.delete(id)) this.add({ type: "message", id, role: "AI", text, offset, replyTo, cancelled });
      return;
    }
    const incoming = readIncoming(record, this.limits);
    if (incoming.kind === "delete") this.delete();
    if (incoming.kind !== "question" && incoming.kind !== "remark") return;
    const { identity: id, offset, message: { role, text } } = incoming;
    if (!this.add({ type: "message", id, role, text, offset, replyTo: undefined, cancelled: false }) || incoming.kind === "remark") return;
    const awaited = replyIdOf(this.conversation, id);
    this.open.add(awaited);
    if (this.joined) this.showWaiting(awaited);
  }

  addTokens(record: LogRecord): void {
    const tokens = record.key?.toString() === this.conversation ? parseTokens(record.value) : undefined;
    if (tokens === undefined || this.told.has(tokens.reply)) return;
    (this.writing.get(tokens.reply) ?? this.begin(tokens.reply)).stream.add(tokens);
  }

  private begin(reply: string): { stream: ReplyStream; waiting: string } {
    const begun = { waiting: "", stream: new ReplyStream({
      onText: (text) => {
        if (this.joined && this.open.has(reply)) this.tell({ type: "text", reply, text });
        else begun.waiting += text;
      },
      onRestart: () => {
        begun.waiting = "";
        if (this.joined && this.open.has(reply)) this.tell({ type: "restart", reply });
      },
    }) };
    this.writing.set(reply, begun);
    return begun;
  }

  /** Pieces may be read before the question that they answer: the two lie in different topics. */
  private showWaiting(reply: string): void {
    const begun = this.writing.get(reply);
    if (begun === undefined || begun.waiting === "") return;
    this.tell({ type: "text", reply, text: begun.waiting });
    begun.waiting = "";
  }

  private delete(): void {
    this.open.clear();
    this.writing.clear();
    this.tell({ type: "deleted" });
  }

  /** @returns whether it is new. */
  private add(event: Extract<ConversationEvent, { type: "message" }>): boolean {
    if (this.told.has(event.id)) return false;
    this.told.add(event.id);
    this.tell(event);
    return true;
  }
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
