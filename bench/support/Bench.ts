import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import path from "node:path";
import { connectKafka, freePort, readSettings, type Settings, startKafka } from "kafka-llm-chat";
import { topicsOf } from "kafka-llm-chat/internal/chat/topics.js";

/** What has to be stopped at the end. */
export interface Stoppable {
  stop(): Promise<unknown>;
}

export interface BenchOptions {
  rounds: number;
  /** Also what takes many minutes. */
  long: boolean;
  /** Folder for CPU profiles of the assistants. Default: none are made. */
  profile?: string;
  /** Told what is being measured, now and then. */
  onProgress?: (line: string) => void;
}

/** A broker for measurements, and everything that they start: closed together, however they end. */
export class Bench {
  private readonly owned: (() => Promise<unknown>)[] = [];
  private closing: Promise<void> = Promise.resolve();
  private ended = false;

  /** @param brokerPid of a broker of its own; undefined where a cluster is measured */
  private constructor(readonly options: BenchOptions, private readonly brokers: string, readonly brokerPid?: number) {}

  /** Starts a broker of its own, with data that are removed afterwards; with KAFKA_BROKERS set, that cluster is measured. */
  static async open(options: BenchOptions): Promise<Bench> {
    const { stateDirectory, cluster } = readSettings();
    if (cluster.external) return new Bench(options, cluster.brokers.join(","));
    const own = path.join(stateDirectory, "bench", randomUUID());
    const kafka = await startKafka({ port: await freePort(), stateDirectory: own, jarsDirectory: path.join(stateDirectory, "kafka") });
    const bench = new Bench(options, kafka.brokers.join(","), kafka.pid);
    bench.later(async () => {
      await kafka.stop();
      await rm(own, { recursive: true, force: true });
    });
    return bench;
  }

  /** Environment of a chat under topics that nobody else uses; they are deleted at the end, with its group. */
  environment(): NodeJS.ProcessEnv {
    const topic = `bench-${randomUUID().slice(0, 8)}`;
    const env = { ...process.env, KAFKA_BROKERS: this.brokers, CHAT_TOPIC: topic };
    this.later(() => deleteTopics(readSettings(env), topic));
    return env;
  }

  /** Stops something at the end of the measurement. */
  own<Resource extends Stoppable>(resource: Resource): Resource {
    this.later(() => resource.stop());
    return resource;
  }

  later(stop: () => Promise<unknown>): void {
    this.owned.push(stop);
    // A measurement that was interrupted may still have been starting something.
    if (this.ended) void this.stopSince(0);
  }

  progress(line: string): void {
    this.options.onProgress?.(line);
  }

  /** Stops everything, also what is started after this. May be called more than once. */
  async close(): Promise<void> {
    this.ended = true;
    await this.stopSince(0);
  }

  /** One after the other, the last first: a broker outlives what uses it. */
  private stopSince(keep: number): Promise<void> {
    return (this.closing = this.closing.then(async () => {
      while (this.owned.length > keep) await this.owned.pop()?.().catch((error: unknown) => console.error((error as Error).message));
    }));
  }

  /** Runs one measurement, and stops what it has started. */
  async run<Value>(measure: (bench: Bench) => Promise<Value>): Promise<Value> {
    const before = this.owned.length;
    try {
      return await measure(this);
    } finally {
      await this.stopSince(before);
    }
  }
}

async function deleteTopics(settings: Settings, prefix: string): Promise<void> {
  const admin = connectKafka(settings.cluster).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic === prefix || topic.startsWith(`${prefix}-`));
    if (topics.length > 0) await admin.deleteTopics({ topics });
    // Empty by now; one that nobody has joined is not there.
    await admin.deleteGroups([topicsOf(prefix).group]).catch(() => undefined);
  } finally {
    await admin.disconnect();
  }
}
