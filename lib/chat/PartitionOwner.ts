import type { RecordRun } from "../kafka/GroupConsumer.js";
import type { LogRecord, NewRecord } from "../kafka/LogRecord.js";
import { type Answer, answer, type AnsweringModel } from "./answer.js";
import type { AssistantEvent } from "./AssistantEvent.js";
import type { Cancellations } from "./Cancellations.js";
import { errorRecord } from "./errorRecord.js";
import { replyIdOf } from "./identity.js";
import { forget, type Memory, remember, type RememberedMessage, serializeMemory, toMessages, trim } from "./Memory.js";
import { buildPrompt } from "./prompt.js";
import { type Incoming, readIncoming } from "./readIncoming.js";
import { replyRecord } from "./replyRecord.js";
import type { OwnedPartition } from "./takeOver.js";
import type { TokenWriter } from "./TokenWriter.js";
import type { ChatTopics } from "./topics.js";

/** What all partitions of an assistant share. */
export interface AssistantContext {
  topics: ChatTopics;
  /** Partitions of the chat topic. */
  partitions: number;
  model: AnsweringModel;
  worker: string;
  persona: string;
  memoryTokens: number;
  maxTextBytes: number;
  timeLimitMs: number;
  attempts: number;
  tokens: TokenWriter;
  cancellations: Cancellations;
  onEvent: (event: AssistantEvent) => void;
}

/** A record on its way from the topic to the commit. */
interface Item {
  offset: bigint;
  finished: boolean;
  /** A record that is no message. It is written when the offset moves past it: so it gets to the error topic once. */
  bad?: { record: NewRecord; event: AssistantEvent };
}

/** What a message turned out to be worth writing. All of it goes into one transaction, which its memory keeps from happening twice. */
interface Result {
  /** The reply, and the message in the memory that stands for it. */
  reply?: { record: NewRecord; remembered: RememberedMessage | undefined };
  memory?: { conversation: string; memory: Memory };
  error?: NewRecord;
  event?: AssistantEvent;
}

type Work = Extract<Incoming, { kind: "question" | "remark" | "delete" }>;

/** How long a partition whose records were all read but left nothing to write may lag behind, in milliseconds. */
const OFFSET_ONLY_COMMIT_MS = 1_000;

/**
 * One partition in the hands of one assistant: from the records that arrive, through a queue for each conversation, to
 * transactions that write { replies, memory, the offset of the finished records } at once. Whatever goes wrong in a
 * transaction ends it: then it writes nothing more, and the partition must be taken over again.
 */
export class PartitionOwner {
  private readonly ended = new AbortController();
  private readonly pending: Item[] = [];
  private readonly queues = new Map<string, { item: Item; record: LogRecord; work: Work }[]>();
  private readonly running = new Set<Promise<void>>();
  private readonly finished: Result[] = [];
  private committing: Promise<void> | undefined;
  private offsetTimer: NodeJS.Timeout | undefined;
  private committed: bigint;
  private commitWanted: "no" | "results" | "offset" = "no";
  private draining = false;

  /**
   * @param onFailed called once when a transaction has failed.
   * @param onCommitted called after each transaction, when there is room again for more records.
   */
  constructor(
    private readonly context: AssistantContext,
    private readonly owned: OwnedPartition,
    private readonly onFailed: (error: Error) => void,
    private readonly onCommitted: () => void,
  ) {
    this.committed = owned.next;
  }

  get partition(): number {
    return this.owned.partition;
  }

  /** Offset of the first record that has not arrived yet. */
  get next(): bigint {
    return this.owned.next;
  }

  /** Records that have arrived and are not committed yet. */
  get waiting(): number {
    return this.pending.length;
  }

  /**
   * Takes records in and returns at once. Records that were taken before are left aside: the group reads again from the
   * committed offset whenever its members change.
   * @returns false when records are missing between the last ones and these: the partition must be read again from `next`.
   */
  take(run: RecordRun): boolean {
    if (run.from > this.owned.next) return false;
    for (const record of run.records) if (record.offset >= this.owned.next) this.sort(record);
    if (run.next > this.owned.next) this.owned.next = run.next;
    this.commitSoon();
    return true;
  }

  /** Finishes the replies that are being written, begins no others, and commits; aborts what is left at the signal. */
  async drain(signal: AbortSignal): Promise<void> {
    this.draining = true;
    const abort = (): void => this.ended.abort(new Error("the assistant stops"));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    await Promise.allSettled([...this.running]);
    await this.context.tokens.flush();
    this.commitSoon("offset");
    await this.committing;
    signal.removeEventListener("abort", abort);
    await this.abandon(new Error("the assistant has stopped"));
  }

  /** Stops all work at once and writes nothing more. May be called more than once. */
  async abandon(reason: Error): Promise<void> {
    this.ended.abort(reason);
    clearTimeout(this.offsetTimer);
    await Promise.allSettled([...this.running, this.committing]);
    await this.owned.transactions.close().catch(() => undefined);
  }

  private sort(record: LogRecord): void {
    const item: Item = { offset: record.offset, finished: false };
    this.pending.push(item);
    const incoming = readIncoming(record, this.context);
    if (incoming.kind === "reply") {
      item.finished = true;
    } else if (incoming.kind === "bad") {
      const { reason, message } = incoming.error;
      item.finished = true;
      item.bad = {
        record: errorRecord(this.context.topics.errors, record, reason, message),
        event: { type: "bad-record", partition: this.partition, offset: record.offset, reason },
      };
    } else {
      this.enqueue(item, record, incoming);
    }
  }

  private enqueue(item: Item, record: LogRecord, work: Work): void {
    const queue = this.queues.get(work.conversation);
    if (queue !== undefined) {
      queue.push({ item, record, work });
      return;
    }
    this.queues.set(work.conversation, [{ item, record, work }]);
    const running = this.workThrough(work.conversation).catch((error: unknown) => {
      if (!this.ended.signal.aborted) this.fail(error as Error);
    }).finally(() => this.running.delete(running));
    this.running.add(running);
  }

  /** One message of a conversation after the other, until none is left. */
  private async workThrough(conversation: string): Promise<void> {
    const queue = this.queues.get(conversation) ?? [];
    for (let next = queue[0]; next !== undefined && !this.draining; next = queue[0]) {
      this.ended.signal.throwIfAborted();
      const result = await this.handle(next.record, next.work);
      this.ended.signal.throwIfAborted();
      if (result.memory !== undefined) this.owned.memories.set(conversation, result.memory.memory);
      next.item.finished = true;
      this.finished.push(result);
      queue.shift();
      this.commitSoon();
    }
    this.queues.delete(conversation);
  }

  private async handle(record: LogRecord, work: Work): Promise<Result> {
    const { conversation, offset } = work;
    const memory = this.owned.memories.get(conversation);
    if (memory !== undefined && offset <= memory.answeredOffset) return {};
    if (work.kind === "delete") return { memory: { conversation, memory: forget(memory, offset) } };
    if (memory?.identities.includes(work.identity)) return {};
    return work.kind === "remark" ? this.handleRemark(work, memory) : this.handleQuestion(record, work, memory);
  }

  private async handleRemark({ conversation, identity, offset, message: { text } }: Extract<Work, { kind: "remark" }>, memory: Memory | undefined): Promise<Result> {
    const remembered = remember(memory, { offset, identity, messages: [{ id: identity, role: "AI", text, offset }] });
    return { memory: { conversation, memory: await this.trim(remembered) } };
  }

  private async handleQuestion(record: LogRecord, { conversation, identity, offset, message: { text } }: Extract<Work, { kind: "question" }>, memory: Memory | undefined): Promise<Result> {
    const { persona, model, timeLimitMs, attempts, tokens, cancellations, onEvent, topics } = this.context;
    const reply = replyIdOf(conversation, identity);
    onEvent({ type: "question", partition: this.partition, conversation, text });
    const cancel = cancellations.signalOf(identity);
    let result: Answer;
    try {
      result = await answer({
        model, conversation, timeLimitMs, attempts, cancel,
        prompt: await buildPrompt({ persona, history: memory === undefined ? [] : toMessages(memory), input: text }),
        openStream: (attempt) => tokens.open({ partition: this.partition, conversation, reply, attempt: [this.owned.claim, attempt] }),
        signal: this.ended.signal,
      });
    } finally {
      cancellations.forget(identity);
    }
    const { error } = result;
    const written = replyRecord({ ...this.context, partition: this.partition, conversation, question: identity, reply, answer: result });
    // An error is no part of the conversation: neither the question nor what the person was told about it is remembered.
    const remembered: RememberedMessage | undefined = error === undefined && result.text !== "" ? { id: reply, role: "AI", text: result.text, offset } : undefined;
    const messages: RememberedMessage[] = error !== undefined ? [] : [{ id: identity, role: "human", text, offset }, ...remembered === undefined ? [] : [remembered]];
    return {
      reply: { record: written, remembered },
      memory: { conversation, memory: await this.trim(remember(memory, { offset, identity, messages })) },
      ...(error === undefined ? {} : { error: errorRecord(topics.errors, record, error.reason, error.message) }),
      event: { type: "reply", partition: this.partition, conversation, text: result.text, cancelled: result.cancelled, error: error?.message },
    };
  }

  private trim(memory: Memory): Promise<Memory> {
    const { memoryTokens, model } = this.context;
    return trim(memory, memoryTokens, (text) => model.countTokens(text));
  }

  private commitSoon(what: "results" | "offset" = "results"): void {
    if (this.ended.signal.aborted) return;
    if (this.commitWanted !== "offset") this.commitWanted = what;
    this.committing ??= this.commitWhileWanted().catch((error: unknown) => this.fail(error as Error)).finally(() => {
      this.committing = undefined;
      if (this.commitWanted !== "no") this.commitSoon();
    });
  }

  private async commitWhileWanted(): Promise<void> {
    while (this.commitWanted !== "no") {
      // After the current turn of the event loop: replies that finish together share a transaction.
      await new Promise((resolve) => setImmediate(resolve));
      this.ended.signal.throwIfAborted();
      const offsetAlone = this.commitWanted === "offset";
      this.commitWanted = "no";
      await this.commit(offsetAlone);
    }
  }

  /** One transaction for all that has finished. An offset alone waits a while: it costs a transaction, and nobody waits for it. */
  private async commit(offsetAlone: boolean): Promise<void> {
    const results = this.finished.splice(0);
    const bad = this.passFinished();
    const offset = this.pending[0]?.offset ?? this.owned.next;
    const writes = bad.length > 0 || results.some(({ reply, memory }) => reply !== undefined || memory !== undefined);
    if (!writes && (!offsetAlone || offset <= this.committed)) {
      if (offset > this.committed) this.offsetTimer ??= setTimeout(() => this.commitSoon("offset"), OFFSET_ONLY_COMMIT_MS);
      return;
    }
    clearTimeout(this.offsetTimer);
    this.offsetTimer = undefined;
    await this.write(results, bad.map(({ record }) => record), offset);
    this.committed = offset;
    for (const { event } of [...bad, ...results]) if (event !== undefined) this.context.onEvent(event);
    this.onCommitted();
  }

  private async write(results: Result[], bad: NewRecord[], offset: bigint): Promise<void> {
    const { topics } = this.context;
    const replies = results.flatMap(({ reply }) => (reply === undefined ? [] : [reply]));
    // Of a conversation with several results the last memory counts; it contains the others.
    const memories = new Map(results.flatMap(({ memory }) => (memory === undefined ? [] : [[memory.conversation, memory.memory] as const])));
    const errors = [...bad, ...results.flatMap(({ error }) => (error === undefined ? [] : [error]))];
    await this.owned.transactions.run(async ({ send, commitOffset }) => {
      // The replies first: their offsets are part of the memory.
      const offsets = replies.length === 0 ? [] : await send(replies.map(({ record }) => record));
      replies.forEach(({ remembered }, index) => {
        if (remembered !== undefined) remembered.offset = offsets[index] ?? remembered.offset;
      });
      const rest: NewRecord[] = [...memories].map(([key, memory]) => ({ topic: topics.memory, partition: this.partition, key, value: serializeMemory(memory) }));
      if (rest.length + errors.length > 0) await send([...rest, ...errors]);
      await commitOffset(topics.group, topics.chat, this.partition, offset);
    });
  }

  /** Takes the finished records off the front of the queue, so that the offset moves past them; gives those that are no messages. */
  private passFinished(): NonNullable<Item["bad"]>[] {
    const bad: NonNullable<Item["bad"]>[] = [];
    for (let item = this.pending[0]; item?.finished === true; item = this.pending[0]) {
      if (item.bad !== undefined) bad.push(item.bad);
      this.pending.shift();
    }
    return bad;
  }

  private fail(error: Error): void {
    if (this.ended.signal.aborted) return;
    this.ended.abort(error);
    this.onFailed(error);
  }
}
