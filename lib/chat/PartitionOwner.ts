import type { RecordRun } from "../kafka/GroupConsumer.js";
import type { LogRecord } from "../kafka/LogRecord.js";
import type { AssistantContext } from "./AssistantContext.js";
import { errorRecord } from "./errorRecord.js";
import { handleMessage, type Message } from "./handleMessage.js";
import { type CommitListener, type Item, PartitionCommits } from "./PartitionCommits.js";
import { readIncoming } from "./readIncoming.js";
import type { OwnedPartition } from "./takeOver.js";

/** A message that waits for its turn in its conversation. */
interface Waiting {
  item: Item;
  record: LogRecord;
  message: Message;
  /** When it arrived (performance.now()). */
  arrived: number;
}

/** Heartbeats, twice a second at most, after which a committed reply must have come by: fetches take a fraction of a second. */
const MOST_SILENT = 20;

/**
 * One partition in the hands of one assistant: records arrive, wait in a queue for each conversation, are handled, and
 * are committed. Whatever goes wrong in a transaction ends it: then the partition must be taken over again.
 */
export class PartitionOwner {
  private readonly ended = new AbortController();
  private readonly commits: PartitionCommits;
  private readonly queues = new Map<string, Waiting[]>();
  private readonly running = new Set<Promise<void>>();
  private draining = false;
  /** Offset of the last reply that was committed. */
  private lastReply = -1n;
  /** Heartbeats since something was read, while it was due. */
  private silent = 0;

  constructor(private readonly context: AssistantContext, private readonly owned: OwnedPartition, private readonly listener: CommitListener) {
    this.commits = new PartitionCommits(context, owned, this.ended.signal, {
      onCommitted: (lastReply) => {
        this.lastReply = lastReply ?? this.lastReply;
        listener.onCommitted(lastReply);
      },
      onFailed: (error) => this.fail(error),
    });
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
    return this.commits.waiting;
  }

  /**
   * Takes records in and returns at once. Those taken before are left aside: the group reads again from the committed
   * offset whenever its members change.
   * @returns false when records are missing before these: the partition must be read again from `next`.
   */
  take(run: RecordRun): boolean {
    if (run.from > this.owned.next) return false;
    for (const record of run.records) if (record.offset >= this.owned.next) this.sort(record);
    if (run.next > this.owned.next) this.owned.next = run.next;
    this.silent = 0;
    this.commits.commitSoon("results");
    return true;
  }

  /** With each heartbeat while the partition is read: a reply that was committed comes by as a record soon, or its transaction has no end (see findUnended). */
  watch(): void {
    this.silent = this.lastReply < this.owned.next ? 0 : this.silent + 1;
    if (this.silent > MOST_SILENT) this.fail(new Error(`The reply at offset ${this.lastReply} was committed and cannot be read`));
  }

  /** Finishes the replies that are being written, begins no others, and commits. What is left at the signal is given up. */
  async drain(signal: AbortSignal): Promise<void> {
    this.draining = true;
    const abort = (): void => this.ended.abort(new Error("the assistant stops"));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    await Promise.allSettled([...this.running]);
    await this.context.tokens.flush();
    this.commits.commitSoon("offset");
    await this.commits.settled();
    signal.removeEventListener("abort", abort);
    await this.abandon(new Error("the assistant has stopped"));
  }

  /** Stops all work at once and writes nothing more. May be called more than once. */
  async abandon(reason: Error): Promise<void> {
    this.ended.abort(reason);
    await Promise.allSettled([...this.running, this.commits.settled()]);
    await this.owned.transactions.close().catch(() => undefined);
  }

  private sort(record: LogRecord): void {
    const { context, partition } = this;
    const item = this.commits.expect(record.offset);
    const incoming = readIncoming(record, context);
    if (incoming.kind === "reply") {
      item.finished = true;
    } else if (incoming.kind === "bad") {
      const { reason, message } = incoming.error;
      item.finished = true;
      item.bad = {
        record: errorRecord(context.topics.errors, record, reason, message),
        event: { type: "bad-record", partition, offset: record.offset, reason },
      };
    } else {
      this.enqueue({ item, record, message: incoming, arrived: performance.now() });
    }
  }

  private enqueue(waiting: Waiting): void {
    const { conversation } = waiting.message;
    const queue = this.queues.get(conversation);
    if (queue !== undefined) {
      queue.push(waiting);
      return;
    }
    const begun = [waiting];
    this.queues.set(conversation, begun);
    const running = this.workThrough(conversation, begun).catch((error: unknown) => this.fail(error as Error)).finally(() => this.running.delete(running));
    this.running.add(running);
  }

  /** One message of a conversation after the other, until none is left. Each sees what the one before it has left to remember. */
  private async workThrough(conversation: string, queue: Waiting[]): Promise<void> {
    const { context, partition, ended: { signal }, owned: { claim, memories } } = this;
    for (let next = queue[0]; next !== undefined && !this.draining; next = queue[0]) {
      const result = await handleMessage({ context, partition, claim, signal, arrived: next.arrived }, next.record, next.message, memories.get(conversation));
      signal.throwIfAborted();
      if (result.memory !== undefined) memories.set(conversation, result.memory.memory);
      this.commits.finish(next.item, result);
      queue.shift();
    }
    this.queues.delete(conversation);
  }

  private fail(error: Error): void {
    if (this.ended.signal.aborted) return;
    this.ended.abort(error);
    this.listener.onFailed(error);
  }
}
