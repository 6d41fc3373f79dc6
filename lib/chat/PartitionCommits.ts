import type { NewRecord } from "../kafka/LogRecord.js";
import type { AssistantContext } from "./AssistantContext.js";
import type { AssistantEvent } from "./AssistantEvent.js";
import type { Result } from "./handleMessage.js";
import { serializeMemory } from "./Memory.js";
import type { OwnedPartition } from "./takeOver.js";

/** A record that is no message. It is written when the offset moves past it: so it gets to the error topic once. */
export interface BadRecord {
  record: NewRecord;
  event: AssistantEvent;
}

/** A record on its way from the topic to the commit. */
export interface Item {
  readonly offset: bigint;
  finished: boolean;
  bad?: BadRecord;
}

export interface CommitListener {
  /** After each transaction: what it wrote is final. Gives the offset of the last reply, if there was one. */
  onCommitted: (lastReply: bigint | undefined) => void;
  /** A transaction has failed and its outcome is unknown: nothing more is written. */
  onFailed: (error: Error) => void;
}

/** What waits for the next transaction. */
interface Finished {
  item: Item;
  result: Result;
  /** Since when (performance.now()). */
  since: number;
}

/**
 * Most that one transaction writes: results with their memories of some KiB each, and records that are no messages. What is
 * sent to a partition at once is one batch to Kafka, which refuses batches above 1 MiB (2 MiB in the error topic); a
 * transaction that is always refused would stop the partition for ever.
 */
const MOST_RESULTS = 50;
const MOST_BAD_RECORDS = 1_000;
const MOST_BAD_BYTES = 512 * 1024;

/** How long an offset may lag behind records that left nothing to write, in milliseconds. */
const OFFSET_ALONE_MS = 1_000;

/**
 * The transactions of one partition, one after the other: each writes { replies, memory, errors, the offset up to which
 * all records are finished } of what has finished since the last one.
 */
export class PartitionCommits {
  private readonly pending: Item[] = [];
  private readonly finished: Finished[] = [];
  /** Of the replies of the last transaction, by id: milliseconds from their last word to the commit. */
  private commitTimes: Record<string, number> = {};
  private wanted: "no" | "results" | "offset" = "no";
  private committing: Promise<void> | undefined;
  private offsetTimer: NodeJS.Timeout | undefined;
  private committed: bigint;

  /** @param signal aborted when nothing more may be written. */
  constructor(
    private readonly context: AssistantContext,
    private readonly owned: OwnedPartition,
    private readonly signal: AbortSignal,
    private readonly listener: CommitListener,
  ) {
    this.committed = owned.next;
  }

  /** Records that have arrived and are not committed yet. */
  get waiting(): number {
    return this.pending.length;
  }

  /** Takes a record in, in the order of the topic. */
  expect(offset: bigint): Item {
    const item: Item = { offset, finished: false };
    this.pending.push(item);
    return item;
  }

  /** A record that belongs to a conversation is finished; results of one conversation come in its order. */
  finish(item: Item, result: Result): void {
    item.finished = true;
    this.finished.push({ item, result, since: performance.now() });
    this.commitSoon("results");
  }

  /** Commits what has finished, soon. An offset alone waits a while unless it is asked for: it costs a transaction, and nobody waits for it. */
  commitSoon(what: "results" | "offset"): void {
    if (this.signal.aborted) return;
    if (this.wanted !== "offset") this.wanted = what;
    this.committing ??= this.commitWhileWanted().catch((error: unknown) => this.listener.onFailed(error as Error)).finally(() => {
      this.committing = undefined;
      if (this.wanted !== "no") this.commitSoon(this.wanted);
    });
  }

  /** Resolves when no transaction is open. */
  async settled(): Promise<void> {
    clearTimeout(this.offsetTimer);
    await this.committing;
  }

  private async commitWhileWanted(): Promise<void> {
    while (this.wanted !== "no") {
      // After the current turn of the event loop: replies that finish together share a transaction.
      await new Promise((resolve) => setImmediate(resolve));
      this.signal.throwIfAborted();
      const offsetAlone = this.wanted === "offset";
      this.wanted = "no";
      await this.commit(offsetAlone);
    }
  }

  private async commit(offsetAlone: boolean): Promise<void> {
    const finished = this.finished.splice(0, MOST_RESULTS);
    const results = finished.map(({ result }) => result);
    const bad = this.passFinished();
    const offset = this.pending[0]?.offset ?? this.owned.next;
    const writes = bad.length > 0 || results.some(({ reply, memory }) => reply !== undefined || memory !== undefined);
    if (!writes && (!offsetAlone || offset <= this.committed)) {
      if (offset > this.committed) this.offsetTimer ??= setTimeout(() => this.commitSoon("offset"), OFFSET_ALONE_MS);
      return;
    }
    clearTimeout(this.offsetTimer);
    this.offsetTimer = undefined;
    const lastReply = await this.write(results, bad.map(({ record }) => record), offset);
    this.committed = offset;
    if (this.finished.length > 0 || this.pending[0]?.finished === true) this.wanted = "results";
    this.measure(finished);
    for (const { event } of [...bad, ...results]) if (event !== undefined) this.context.onEvent(event);
    this.listener.onCommitted(lastReply);
  }

  private async write(results: Result[], bad: NewRecord[], offset: bigint): Promise<bigint | undefined> {
    const { topics } = this.context;
    const { partition, transactions } = this.owned;
    const replies = results.flatMap(({ reply }) => (reply === undefined ? [] : [reply]));
    // Of a conversation with several results the last memory counts; it contains the others.
    const memories = new Map(results.flatMap(({ memory }) => (memory === undefined ? [] : [[memory.conversation, memory.memory] as const])));
    const errors = [...bad, ...results.flatMap(({ error }) => (error === undefined ? [] : [error]))];
    let lastReply: bigint | undefined;
    await transactions.run(async ({ send, commitOffset }) => {
      // The replies first: their offsets are part of the memory.
      const offsets = replies.length === 0 ? [] : await send(replies.map(({ record }, index) => (index === 0 ? this.withCommitTimes(record) : record)));
      lastReply = offsets.at(-1);
      replies.forEach(({ remembered }, index) => {
        if (remembered !== undefined) remembered.offset = offsets[index] ?? remembered.offset;
      });
      const rest: NewRecord[] = [...memories].map(([key, memory]) => ({ topic: topics.memory, partition, key, value: serializeMemory(memory) }));
      if (rest.length + errors.length > 0) await send([...rest, ...errors]);
      await commitOffset(topics.group, topics.chat, partition, offset);
    });
    return lastReply;
  }

  private measure(finished: Finished[]): void {
    const now = performance.now();
    const times = finished.flatMap(({ result: { reply }, since }) => (reply === undefined ? [] : [[reply.id, now - since] as const]));
    if (times.length > 0) this.commitTimes = Object.fromEntries(times);
  }

  /** How long a commit takes is known only after it: so the partition's next reply tells it of those before. */
  private withCommitTimes(record: NewRecord): NewRecord {
    if (Object.keys(this.commitTimes).length === 0) return record;
    return { ...record, headers: { ...record.headers, previous_commits: JSON.stringify(this.commitTimes) } };
  }

  /** Takes the finished records off the front of the queue, so that the offset moves past them; gives those that are no messages. */
  private passFinished(): BadRecord[] {
    const later = new Set(this.finished.map(({ item }) => item));
    const bad: BadRecord[] = [];
    let [passed, bytes] = [0, 0];
    for (const item of this.pending) {
      if (!item.finished || later.has(item)) break;
      if (item.bad !== undefined) {
        bytes += (item.bad.record.key?.length ?? 0) + (item.bad.record.value?.length ?? 0);
        if (bad.length === MOST_BAD_RECORDS || (bad.length > 0 && bytes > MOST_BAD_BYTES)) break;
        bad.push(item.bad);
      }
      passed += 1;
    }
    this.pending.splice(0, passed);
    return bad;
  }
}
