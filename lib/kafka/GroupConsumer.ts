import kafkajs, { type Consumer, type ConsumerCrashEvent, type EachBatchPayload, type Kafka, type PartitionAssigner } from "kafkajs";
import { type LogRecord, toLogRecord } from "./LogRecord.js";

/** A run of records of one partition, without gaps from `from` to `next`. */
export interface RecordRun {
  partition: number;
  /** Offset that was asked for: there is no record between it and the first one here. */
  from: bigint;
  /** Offset of the first record after the run. */
  next: bigint;
  records: LogRecord[];
}

export interface GroupConsumerOptions {
  group: string;
  topic: string;
  /** After this time without a heartbeat the group gives the partitions to others, in milliseconds. */
  sessionTimeoutMs: number;
  /** Time that the members of the group have to join again, in milliseconds. */
  rebalanceTimeoutMs: number;
  /** All partitions that this member has, each time that the group has shared them out. New ones are paused until startAt(). */
  onAssigned: (partitions: number[]) => void;
  /** This member has lost its place in the group, and all partitions with it, until it has joined again. */
  onLost: () => void;
  onRecords: (run: RecordRun) => void;
  /** The group's coordinator has confirmed that this member still has what it was assigned. */
  onHeartbeat: () => void;
  /** kafkajs has given up; the consumer joins again after a second. */
  onTrouble: (error: Error) => void;
}

/** How long a fetch waits for records, in milliseconds; a partition that is resumed waits as long at most. kafkajs: 5 s. */
const MAX_WAIT_MS = 250;
const REJOIN_AFTER_MS = 1_000;
/** Limit for leaving the group, in milliseconds; without a broker kafkajs tries for half a minute. */
const LEAVE_LIMIT_MS = 5_000;

/** A member of a consumer group that commits nothing itself, and that a failure of kafkajs does not end. */
export class GroupConsumer {
  private consumer: Consumer | undefined;
  private stopping: Promise<void> | undefined;
  private rejoin: NodeJS.Timeout | undefined;
  private assigned = new Set<number>();
  /** Between a crash and the next time that it joins, kafkajs throws at whoever wants to pause, resume or seek. */
  private joined = false;

  constructor(private readonly kafka: Kafka, private readonly options: GroupConsumerOptions) {}

  /** Joins the group; resolves when the first partitions are assigned. */
  async start(): Promise<void> {
    const { group, topic, sessionTimeoutMs, rebalanceTimeoutMs, onAssigned, onHeartbeat } = this.options;
    const consumer = this.kafka.consumer({
      groupId: group,
      partitionAssigners: [this.assigner],
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      heartbeatInterval: Math.min(500, sessionTimeoutMs / 3),
      maxWaitTimeInMs: MAX_WAIT_MS,
      allowAutoTopicCreation: false,
      readUncommitted: false,
      retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 8, restartOnFailure: async () => this.stopping === undefined },
    });
    this.consumer = consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.joined = true;
      const partitions = payload.memberAssignment[topic] ?? [];
      // Before the first fetch of the new generation: nothing may be read from a partition that is not yet ours.
      const added = partitions.filter((partition) => !this.assigned.has(partition));
      if (added.length > 0) consumer.pause([{ topic, partitions: added }]);
      this.assigned = new Set(partitions);
      onAssigned(partitions);
    });
    // Before kafkajs tells that it has crashed, while it closes its connections.
    consumer.on(consumer.events.STOP, () => {
      if (consumer === this.consumer) this.joined = false;
    });
    consumer.on(consumer.events.HEARTBEAT, () => onHeartbeat());
    consumer.on(consumer.events.CRASH, (event) => this.crashed(consumer, event));
    await consumer.connect();
    // Stopped while it was connecting.
    if (this.stopping !== undefined) return consumer.disconnect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({ autoCommit: false, partitionsConsumedConcurrently: 1, eachBatch: async (payload) => this.pass(payload) });
  }

  /**
   * Begins to read a partition at an offset. While this member has not joined, this and the next two have no effect: it
   * begins at the committed offset then, and records that nobody waits for are left aside.
   */
  startAt(partition: number, offset: bigint): void {
    if (this.joined) this.consumer?.seek({ topic: this.options.topic, partition, offset: offset.toString() });
    this.resume(partition);
  }

  pause(partition: number): void {
    if (this.joined) this.consumer?.pause([{ topic: this.options.topic, partitions: [partition] }]);
  }

  resume(partition: number): void {
    if (this.joined) this.consumer?.resume([{ topic: this.options.topic, partitions: [partition] }]);
  }

  /** Leaves the group, if Kafka answers soon; else the group finds out by the session timeout. May be called at any time and more than once. */
  stop(): Promise<void> {
    return (this.stopping ??= (async () => {
      this.joined = false;
      clearTimeout(this.rejoin);
      const leaving = this.consumer?.disconnect() ?? Promise.resolve();
      leaving.catch(() => undefined);
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, LEAVE_LIMIT_MS)));
      await Promise.race([leaving, limit]).finally(() => clearTimeout(timer));
    })());
  }

  /** kafkajs's own. It cannot be called off while it is joining after a crash, and would be a member that nobody stops: so whoever has stopped does not join. */
  private readonly assigner: PartitionAssigner = (config) => {
    const assigner = kafkajs.PartitionAssigners.roundRobin(config);
    return {
      ...assigner,
      protocol: (topics) => {
        if (this.stopping !== undefined) throw new Error("This member of the group was stopped before it had joined");
        return assigner.protocol(topics);
      },
    };
  };

  private pass({ batch }: EachBatchPayload): void {
    const records = batch.messages.map((message) => toLogRecord(batch.topic, batch.partition, message));
    // fetchedOffset is missing in kafkajs's types; it is what the fetch asked for.
    const { fetchedOffset } = batch as typeof batch & { fetchedOffset: string };
    this.options.onRecords({ partition: batch.partition, from: BigInt(fetchedOffset), next: BigInt(batch.lastOffset()) + 1n, records });
  }

  private crashed(consumer: Consumer, { payload }: ConsumerCrashEvent): void {
    if (this.stopping !== undefined || consumer !== this.consumer) return;
    this.joined = false;
    this.options.onTrouble(payload.error);
    if (payload.restart) return;
    this.assigned.clear();
    this.options.onLost();
    const again = async (): Promise<void> => {
      if (this.stopping !== undefined) return;
      try {
        await consumer.disconnect();
        if (this.stopping === undefined) await this.start();
      } catch (error) {
        this.options.onTrouble(error as Error);
        this.rejoin = setTimeout(() => void again(), REJOIN_AFTER_MS);
      }
    };
    this.rejoin = setTimeout(() => void again(), REJOIN_AFTER_MS);
  }
}
