import { EventEmitter, once } from "node:events";
import type { Kafka } from "kafkajs";
import { isUnauthorized } from "../kafka/errorCodes.js";
import { GroupConsumer } from "../kafka/GroupConsumer.js";
import type { AssistantContext } from "./AssistantContext.js";
import { PartitionOwner } from "./PartitionOwner.js";
import { takeOver } from "./takeOver.js";

/** What a member of the group may be told about time. */
export interface AssistantLimits {
  /** Messages of a partition that wait before reading pauses. */
  maxWaiting: number;
  /** Without a heartbeat for so long the group gives the partitions to others, in milliseconds. */
  sessionTimeoutMs: number;
  /** Time that all members have to join again when one comes or goes, in milliseconds. */
  rebalanceTimeoutMs: number;
}

/**
 * A member of the group and the partitions that it owns: takes over what the group assigns to it, hands records to the
 * owners, and lets go what the group gives to others.
 */
export class Assistant {
  private readonly owners = new Map<number, PartitionOwner>();
  private readonly full = new Set<number>();
  private readonly consumer: GroupConsumer;
  private readonly signals = new EventEmitter<{ heartbeat: []; settled: [] }>();
  private readonly stopped = new AbortController();
  /** Aborted when the cluster does not let this user into the group. */
  private readonly refused = new AbortController();
  private assigned = new Set<number>();
  /** In the group, which has no partition left for it. */
  private idle = false;
  private settling: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  /** @param onStopped closes what was opened for this assistant. */
  constructor(
    private readonly kafka: Kafka,
    private readonly context: AssistantContext,
    private readonly limits: AssistantLimits,
    private readonly onStopped: () => Promise<void>,
  ) {
    this.consumer = new GroupConsumer(kafka, {
      group: context.topics.group, topic: context.topics.chat, ...limits,
      onAssigned: (partitions) => this.assign(partitions, { idle: partitions.length === 0 }),
      onLost: () => this.assign([], { idle: false }),
      onRecords: (run) => {
        const owner = this.owners.get(run.partition);
        if (owner === undefined) return;
        if (!owner.take(run)) this.consumer.startAt(run.partition, owner.next);
        else if (owner.waiting >= this.limits.maxWaiting) this.hold(run.partition);
      },
      onHeartbeat: () => {
        this.signals.emit("heartbeat");
        for (const owner of this.owners.values()) if (!this.full.has(owner.partition)) owner.watch();
      },
      onTrouble: (error) => {
        if (isUnauthorized(error)) this.refused.abort(error);
        this.trouble("The connection to the group was lost; joining again", error);
      },
    });
  }

  get worker(): string {
    return this.context.worker;
  }

  get partitions(): number[] {
    return [...this.owners.keys()].sort((a, b) => a - b);
  }

  /**
   * Joins the group; resolves when the first partitions are taken over, or when none is left for this assistant.
   * @throws Error when it cannot be joined.
   */
  async start(): Promise<void> {
    const settled = once(this.signals, "settled", { signal: AbortSignal.any([this.stopped.signal, this.refused.signal]) });
    // Nobody waits for it when the group cannot be joined.
    settled.catch(() => undefined);
    await this.consumer.start();
    await settled.catch((error: unknown) => {
      const { group } = this.context.topics;
      if (this.refused.signal.aborted) throw new Error(`Kafka does not let this user into the group "${group}": ${(this.refused.signal.reason as Error).message}`, { cause: this.refused.signal.reason });
      throw error;
    });
  }

  /** Finishes what is being written, commits, and leaves the group; what takes longer than the limit is given up. */
  stop(limitMs = 30_000): Promise<void> {
    return (this.stopping ??= (async () => {
      this.stopped.abort(new Error("the assistant stops"));
      const limit = limitMs > 0 ? AbortSignal.timeout(limitMs) : AbortSignal.abort();
      // Still a member of the group meanwhile: its partitions are not given to others before the last commit.
      await Promise.allSettled([...this.owners.values()].map((owner) => owner.drain(limit)));
      await this.settling?.catch(() => undefined);
      await this.consumer.stop();
      await this.onStopped();
    })());
  }

  trouble(what: string, error: unknown): void {
    if (!this.stopped.signal.aborted) this.context.onEvent({ type: "trouble", message: `${what}: ${(error as Error).message}` });
  }

  /** The group has shared the partitions out anew. kafkajs tells nothing about partitions that were taken away, so they are compared. */
  private assign(partitions: number[], { idle }: { idle: boolean }): void {
    if (this.stopped.signal.aborted) return;
    this.assigned = new Set(partitions);
    this.idle = idle;
    for (const [partition, owner] of this.owners) if (!this.assigned.has(partition)) this.drop(owner, new Error(`partition ${partition} was given to another assistant`));
    this.settle();
  }

  /** Takes over what is assigned and not ours yet, until nothing is missing. */
  private settle(): void {
    this.settling ??= this.takeMissing().catch((error: unknown) => this.trouble("Taking partitions over failed", error)).finally(() => {
      this.settling = undefined;
      if (this.missing().length > 0 && !this.stopped.signal.aborted) this.settle();
    });
  }

  private async takeMissing(): Promise<void> {
    for (let missing = this.missing(); !this.stopped.signal.aborted; missing = this.missing()) {
      if (missing.length === 0) break;
      try {
        await this.take(missing);
      } catch (error) {
        this.trouble(`Taking partitions ${missing.join(", ")} over failed; trying again`, error);
        await this.heartbeat();
      }
    }
    if (this.stopped.signal.aborted) return;
    this.context.onEvent({ type: "assigned", partitions: this.partitions });
    if (this.idle) this.context.onEvent({ type: "warning", message: nothingLeft(this.context) });
    // All may have been lost again meanwhile.
    if (this.assigned.size > 0 || this.idle) this.signals.emit("settled");
  }

  private missing(): number[] {
    return [...this.assigned].filter((partition) => !this.owners.has(partition));
  }

  private async take(partitions: number[]): Promise<void> {
    for (const owned of await takeOver(this.kafka, this.context, partitions)) {
      const { partition, transactions, next } = owned;
      // Given to another meanwhile: our claim was in vain, and the other one claims again.
      if (!this.assigned.has(partition) || this.stopped.signal.aborted) {
        await transactions.close();
        continue;
      }
      const owner: PartitionOwner = new PartitionOwner(this.context, owned, {
        onFailed: (error) => this.lost(owner, error),
        onCommitted: () => this.release(owner),
      });
      this.owners.set(partition, owner);
      this.consumer.startAt(partition, next);
    }
  }

  /** A transaction has failed: the partition may be another's now. Only the group knows, so it is asked before the next claim. */
  private lost(owner: PartitionOwner, error: Error): void {
    this.trouble(`Partition ${owner.partition} is taken over again`, error);
    this.drop(owner, error);
    this.consumer.pause(owner.partition);
    void this.heartbeat().then(() => this.settle(), () => undefined);
  }

  private drop(owner: PartitionOwner, reason: Error): void {
    if (this.owners.get(owner.partition) === owner) this.owners.delete(owner.partition);
    this.full.delete(owner.partition);
    owner.abandon(reason).catch((error: unknown) => this.trouble("Letting a partition go failed", error));
  }

  private async heartbeat(): Promise<void> {
    await once(this.signals, "heartbeat", { signal: this.stopped.signal });
  }

  private hold(partition: number): void {
    this.full.add(partition);
    this.consumer.pause(partition);
  }

  private release(owner: PartitionOwner): void {
    if (owner.waiting > this.limits.maxWaiting / 2 || !this.full.delete(owner.partition)) return;
    this.consumer.resume(owner.partition);
  }
}

function nothingLeft({ topics: { group, chat }, partitions }: AssistantContext): string {
  return `No partition is left for this assistant: the group "${group}" has more assistants than the topic "${chat}" has partitions (${partitions}). `
    + `It waits, and takes over when another one leaves. What to do: stop it. Or, so that more than ${partitions} can work, choose a new topic (CHAT_TOPIC) and create it `
    + "with more partitions before its first message; a topic in use keeps its number, which decides where a conversation lies.";
}
