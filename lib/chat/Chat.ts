import { randomUUID } from "node:crypto";
import type { LogRecord, NewRecord } from "../kafka/LogRecord.js";
import type { PartitionReader } from "../kafka/readPartitions.js";
import type { RecordWriter } from "../kafka/RecordWriter.js";
import { FAILURE_REASONS } from "./answer.js";
import { serializeCancel } from "./Cancellations.js";
import { type Role, serializeMessage, timestampNow, tryParseMessage } from "./ChatMessage.js";
import { replyIdOf } from "./identity.js";
import { GREETING } from "./prompt.js";
import { readReply, type Reply } from "./Reply.js";
import { ReplyStream } from "./ReplyStream.js";
import { retryUntil } from "./retryUntil.js";
import { parseTokens } from "./TokenRecord.js";
import type { ChatTopics } from "./topics.js";
import { TurnClock } from "./TurnClock.js";

/** What is told while a reply is on its way. */
export interface ChatListeners {
  /** Called with the pieces of a reply as they are written. */
  onText?: (text: string) => void;
  /** Called when the pieces so far do not count, since an assistant failed and the reply begins again. */
  onRestart?: () => void;
  /** Called with what somebody who waits would want to know. */
  onNotice?: (text: string) => void;
}

export interface SayOptions extends ChatListeners {
  /** Cancels the reply: what was written until then becomes the reply. One that was finished before stays as it is, and onNotice is told. */
  signal?: AbortSignal;
  /** Longest wait for the reply, in milliseconds. Default 300 000: twice the assistant's own limit, and some more. */
  timeoutMs?: number;
}

/** The message is in the log, but no reply has come yet. */
export class NoReplyError extends Error {
  override name = "NoReplyError";
}

/** The message is in the log, and no assistant answers it: it lies in the error topic, too, with the reason. */
export class MessageRefusedError extends Error {
  override name = "MessageRefusedError";
}

/** Limit for the acknowledgement of a message, in milliseconds; the same message may be sent again until then. */
const SEND_LIMIT_MS = 120_000;
/** After this time without a sign of the reply the person is told, in milliseconds; and after this between two signs. */
const NOTICE_AFTER_MS = 3_000;
const SILENCE_MS = 5_000;

interface Waiting {
  stream: ReplyStream;
  clock: TurnClock;
  resolve: (reply: Reply) => void;
  reject: (error: Error) => void;
  onSign: () => void;
  /** Something of the reply has come. */
  seen: boolean;
}

/** A conversation that is open: what is said in it goes to Kafka, and the replies come from there. */
export class Chat {
  /** By the question's identity, and by the reply's id. */
  private readonly waiting = new Map<string, Waiting>();
  private reader: PartitionReader | undefined;
  private stopping: Promise<void> | undefined;
  private failure: Error | undefined;
  /** Aborted when nothing more is to be sent. */
  private readonly closed = new AbortController();
  /** The last message that was said, on its way to Kafka. */
  private sending: Promise<void> = Promise.resolve();

  /** Use openChat(). */
  constructor(
    readonly conversation: string,
    private readonly partition: number,
    private readonly topics: ChatTopics,
    private readonly writer: RecordWriter,
    private readonly listeners: ChatListeners,
  ) {}

  /** Writes the fixed greeting in the assistant's role, as the original does to begin a conversation. */
  async greet(text = GREETING): Promise<string> {
    await this.send("AI", text, randomUUID());
    return text;
  }

  /** Has the conversation forgotten: a record in the log, which everybody who reads it heeds, in order with the messages. */
  async delete(): Promise<void> {
    // A message in the assistant's role to programs that do not know the header, so that none answers it.
    await this.send("AI", "(The conversation was deleted.)", randomUUID(), { action: "delete" });
  }

  /**
   * Says something and waits for the reply, which onText shows as it is written.
   * @throws NoReplyError when none has come in time: the message is in the log, and will be answered when an assistant runs.
   *   MessageRefusedError when none will come, for instance as the text is too long.
   */
  async say(text: string, { signal, timeoutMs = 300_000, ...own }: SayOptions = {}): Promise<Reply> {
    if (text.trim() === "") throw new Error("There is nothing to send: the text is empty");
    signal?.throwIfAborted();
    const { onText = () => undefined, onRestart = () => undefined, onNotice = () => undefined } = { ...this.listeners, ...own };
    const question = randomUUID();
    const clock = new TurnClock();
    const stream = new ReplyStream(clock.timing({ onText, onRestart }));
    let notice: NodeJS.Timeout | undefined;
    const tellAfter = (ms: number, text: () => string): void => {
      clearTimeout(notice);
      notice = setTimeout(() => onNotice(text()), ms);
    };
    const limit = AbortSignal.timeout(timeoutMs);
    const replied = this.expect(question, { stream, clock, onSign: () => tellAfter(SILENCE_MS, () => (stream.isComplete
      ? "The reply is written, but not committed yet: Kafka, or the assistant, does not answer. It is waited for; nothing is lost."
      : "Nothing more has come for a while: the assistant, or Kafka, does not answer. The reply begins again when an assistant goes on; nothing is lost.")) });
    replied.catch(() => undefined);
    const cancel = (): void => void this.cancel(question).catch((error: unknown) => this.waiting.get(question)?.reject(error as Error));
    const expire = (): void => this.waiting.get(question)?.reject(new NoReplyError(
      `No reply within ${timeoutMs / 1000} s. The message is in the topic and will be answered when an assistant runs: \`npm run assistant\`.`));
    tellAfter(NOTICE_AFTER_MS, () => "Kafka does not answer. The message is sent again until it does; nothing is lost.");
    try {
      await this.send("human", text, question);
      clock.acknowledged();
      if (this.waiting.get(question)?.seen === false) tellAfter(NOTICE_AFTER_MS, () => "Sent. No assistant has begun to answer yet; if none runs: `npm run assistant`.");
      if (limit.aborted) expire();
      else limit.addEventListener("abort", expire, { once: true });
      if (signal?.aborted) cancel();
      else signal?.addEventListener("abort", cancel, { once: true });
      const reply = await replied;
      if (signal?.aborted && !reply.cancelled) onNotice("The reply was finished before the wish to cancel it came.");
      return { ...reply, person: clock.read() };
    } finally {
      clearTimeout(notice);
      limit.removeEventListener("abort", expire);
      signal?.removeEventListener("abort", cancel);
      this.waiting.delete(question);
      this.waiting.delete(replyIdOf(this.conversation, question));
    }
  }

  /** Leaves the conversation; it goes on in the log. May be called more than once. */
  stop(): Promise<void> {
    return (this.stopping ??= (async () => {
      this.closed.abort(new Error("The chat was closed before Kafka had acknowledged the message"));
      this.fail(new Error("The chat was closed before the reply came; the message is in the topic and will be answered"));
      await this.reader?.stop();
      await this.writer.close();
    })());
  }

  /** @internal */
  receivesFrom(reader: PartitionReader): this {
    this.reader = reader;
    return this;
  }

  /** @internal */
  receive(record: LogRecord): void {
    if (record.key?.toString() !== this.conversation) return;
    if (record.topic === this.topics.errors) return this.refused(record);
    if (record.topic === this.topics.tokens) {
      const tokens = parseTokens(record.value);
      const waiting = tokens === undefined ? undefined : this.waiting.get(tokens.reply);
      if (tokens === undefined || waiting === undefined) return;
      waiting.seen = true;
      waiting.onSign();
      waiting.stream.add(tokens);
      return;
    }
    const reply = readReply(record);
    const waiting = reply === undefined ? undefined : this.waiting.get(reply.replyTo);
    if (reply === undefined || waiting === undefined) return;
    waiting.seen = true;
    waiting.onSign();
    waiting.clock.committed();
    waiting.stream.finish(reply.text);
    waiting.resolve(reply);
  }

  /** @internal */
  fail(error: Error): void {
    this.failure = error;
    this.closed.abort(error);
    for (const { reject } of this.waiting.values()) reject(error);
  }

  /** A record of the error topic: the message is none that an assistant answers. One that could not be answered has a reply that says so. */
  private refused({ headers, value }: LogRecord): void {
    const reason = headers.get("reason") ?? "";
    if (FAILURE_REASONS.some((failure) => failure === reason)) return;
    const why = headers.get("message") ?? "";
    // Our messages have their identity in the value, too.
    this.waiting.get(tryParseMessage(value)?.uuid ?? "")?.reject(new MessageRefusedError(`The message is not answered (${reason}): ${why}. It lies in the topic "${this.topics.errors}", too.`));
  }

  private expect(question: string, listener: Pick<Waiting, "stream" | "clock" | "onSign">): Promise<Reply> {
    if (this.failure !== undefined) throw this.failure;
    return new Promise((resolve, reject) => {
      const waiting = { ...listener, resolve, reject, seen: false };
      this.waiting.set(question, waiting);
      this.waiting.set(replyIdOf(this.conversation, question), waiting);
    });
  }

  /** Writes a message until all replicas have it, under the same identity each time: the assistant drops a repeat. */
  private async send(role: Role, text: string, uuid: string, headers: Record<string, string> = {}): Promise<void> {
    const { conversation, partition, topics } = this;
    const value = serializeMessage({ uuid, role, text, conversation, timestamp: timestampNow() });
    const record: NewRecord = { topic: topics.chat, partition, key: conversation, value, headers: { uuid, ...headers } };
    // In the order of the calls, also where nobody has waited for the one before.
    const sent = this.sending.then(() => this.write(record));
    this.sending = sent.catch(() => undefined);
    await sent;
  }

  private async cancel(question: string): Promise<void> {
    const { conversation, partition, topics } = this;
    await this.write({ topic: topics.control, partition, key: conversation, value: serializeCancel(question) });
  }

  private async write(record: NewRecord): Promise<void> {
    await retryUntil(() => this.writer.send([record]), { timeoutMs: SEND_LIMIT_MS, what: `Writing to the topic "${record.topic}"`, signal: this.closed.signal });
  }
}
