import { randomUUID } from "node:crypto";
import os from "node:os";
import { once, EventEmitter } from "node:events";
import type { Kafka } from "kafkajs";
import { connectKafka } from "../kafka/connectKafka.js";
import { checkReachable } from "../kafka/checkReachable.js";
import { GroupConsumer } from "../kafka/GroupConsumer.js";
import { RecordWriter } from "../kafka/RecordWriter.js";
import { readSettings, type Settings } from "../settings.js";
import type { AnsweringModel } from "./answer.js";
import type { AssistantEvent } from "./AssistantEvent.js";
import { Cancellations } from "./Cancellations.js";
import { type AssistantContext, PartitionOwner } from "./PartitionOwner.js";
import { MEMORY_TOKENS, PERSONA } from "./prompt.js";
import { takeOver } from "./takeOver.js";
import { TokenWriter } from "./TokenWriter.js";
import { ensureChatTopics } from "./topics.js";

export interface StartAssistantOptions {
  model: AnsweringModel;
  /** Default: from the environment. */
  settings?: Settings;
  /** Name in the headers of the replies. Default: host, process id and a random part. */
  worker?: string;
  /** Default: Marvin, as in the original. */
  persona?: string;
  /** Tokens of conversation that the model sees again. Default 300. */
  memoryTokens?: number;
  /** Longest text that is answered, in UTF-8 bytes. Default 8192. */
  maxTextBytes?: number;
  /** Limit for one reply, in milliseconds. Default 120 000. */
  timeLimitMs?: number;
  /** How often a model that fails is tried. Default 3. */
  attempts?: number;
  /** Messages of a partition that wait before reading pauses. Default 100. */
  maxWaiting?: number;
  /** Without a heartbeat for so long the group gives the partitions to others, in milliseconds. Default 6000. */
  sessionTimeoutMs?: number;
  /** Time that all members have to join again when one comes or goes, in milliseconds. Default 10 000. */
  rebalanceTimeoutMs?: number;
  onEvent?: (event: AssistantEvent) => void;
}

/** An assistant that has joined the group. */
export interface RunningAssistant {
  readonly worker: string;
  /** The partitions that it answers now. */
  readonly partitions: number[];
  /**
   * Finishes what is being written, commits, and leaves the group. May be called more than once.
   * @param limitMs after this time what is still being written is given up, and another assistant answers it. Default 30 000.
   */
  stop(limitMs?: number): Promise<void>;
}

/**
 * Starts consumer 1: a member of the group that answers every message. Resolves when its first partitions are assigned and taken over.
 * @throws Error when no broker can be reached; TopicMismatchError when the topics do not fit together.
 */
export async function startAssistant({ settings = readSettings(), ...options }: StartAssistantOptions): Promise<RunningAssistant> {
  const kafka = connectKafka(settings.cluster);
  await checkReachable(settings.cluster);
  const { topics, partitions, differences } = await ensureChatTopics(kafka, settings.chatTopic);
  const writer = new RecordWriter(kafka);
  await writer.connect();
  const worker = options.worker ?? `${os.hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const {
    model, persona = PERSONA, memoryTokens = MEMORY_TOKENS, maxTextBytes = 8_192, timeLimitMs = 120_000, attempts = 3, onEvent = () => undefined,
  } = options;
  const context: AssistantContext = {
    topics, partitions, model, worker, persona, memoryTokens, maxTextBytes, timeLimitMs, attempts, onEvent,
    tokens: new TokenWriter(writer, topics.tokens), cancellations: new Cancellations(),
  };
  for (const difference of differences) onEvent({ type: "trouble", message: `A topic has other settings than this chat gives it. ${difference}` });
  const assistant = new Assistant(kafka, context, options, async () => {
    await context.cancellations.stop();
    await writer.close();
  });
  try {
    await context.cancellations.start(kafka, topics, (error) => assistant.trouble("Cancelling does not work any more", error));
    await assistant.start();
  } catch (error) {
    await assistant.stop(0);
    throw error;
  }
  return assistant;
}

class Assistant implements RunningAssistant {
  private readonly owners = new Map<number, PartitionOwner>();
  private readonly full = new Set<number>();
  private readonly consumer: GroupConsumer;
  private readonly signals = new EventEmitter<{ heartbeat: []; settled: [] }>();
  private readonly stopped = new AbortController();
  private readonly maxWaiting: number;
  private assigned = new Set<number>();
  private settling: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  /** @param onStopped closes what was opened for this assistant. */
  constructor(
    private readonly kafka: Kafka,
    private readonly context: AssistantContext,
    options: Omit<StartAssistantOptions, "settings">,
    private readonly onStopped: () => Promise<void>,
  ) {
    const { maxWaiting = 100, sessionTimeoutMs = 6_000, rebalanceTimeoutMs = 10_000 } = options;
    this.maxWaiting = maxWaiting;
    this.consumer = new GroupConsumer(kafka, {
      group: context.topics.group, topic: context.topics.chat, sessionTimeoutMs, rebalanceTimeoutMs,
      onAssigned: (partitions) => this.assign(partitions),
      onRecords: (run) => {
        const owner = this.owners.get(run.partition);
        if (owner === undefined) return;
        if (!owner.take(run)) this.consumer.startAt(run.partition, owner.next);
        else if (owner.waiting >= this.maxWaiting) this.hold(run.partition);
      },
      onHeartbeat: () => this.signals.emit("heartbeat"),
      onTrouble: (error) => this.trouble("The connection to the group was lost; joining again", error),
    });
  }

  get worker(): string {
    return this.context.worker;
  }

  get partitions(): number[] {
    return [...this.owners.keys()].sort((a, b) => a - b);
  }

  async start(): Promise<void> {
    const settled = once(this.signals, "settled", { signal: this.stopped.signal });
    await this.consumer.start();
    await settled;
  }

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
  private assign(partitions: number[]): void {
    if (this.stopped.signal.aborted) return;
    this.assigned = new Set(partitions);
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
    this.signals.emit("settled");
  }

  private missing(): number[] {
    return [...this.assigned].filter((partition) => !this.owners.has(partition));
  }

  private async take(partitions: number[]): Promise<void> {
    for (const owned of await takeOver(this.kafka, this.context.topics, partitions, this.worker)) {
      const { partition, transactions, next } = owned;
      // Given to another meanwhile: our claim was in vain, and the other one claims again.
      if (!this.assigned.has(partition) || this.stopped.signal.aborted) {
        await transactions.close();
        continue;
      }
      const owner: PartitionOwner = new PartitionOwner(this.context, owned, (error) => this.lost(owner, error), () => this.release(owner));
      this.owners.set(partition, owner);
      this.consumer.startAt(partition, next);
    }
  }

  /** A transaction has failed: the partition may be another's now. Only the group knows, so it is asked before the next claim. */
  private lost(owner: PartitionOwner, error: Error): void {
    this.trouble(`Partition ${owner.partition} is taken over again`, error);
    this.consumer.pause(owner.partition);
    this.drop(owner, error);
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
    if (owner.waiting > this.maxWaiting / 2 || !this.full.delete(owner.partition)) return;
    this.consumer.resume(owner.partition);
  }
}
