import { readdir } from "node:fs/promises";
import path from "node:path";
import { findDaemon, stopDaemon, type RunningDaemon } from "../daemon/findDaemon.js";
import { withLock } from "../daemon/withLock.js";
import { readSettings, type Settings } from "../settings.js";
import type { KafkaMode } from "./kafkaRelease.js";

/** A local broker that runs detached from whoever started it. */
export interface RunningKafka {
  mode: KafkaMode;
  /** "4.4.0". */
  version: string;
  port: number;
  /** For a client: `["127.0.0.1:9092"]`. */
  brokers: string[];
  pid: number;
  logFile: string;
  /** Folder with its records and configuration. */
  dataDirectory: string;
  /** Whether keep() was called: then it runs until somebody stops the broker itself. */
  kept: boolean;
  /** Has it outlive the JupyterLab of `npm start`, whose end stops a broker that a cell has started. */
  keep(): Promise<void>;
  /** Stops the broker, and then ZooKeeper where it has one. Does nothing if they have stopped. */
  stop(): Promise<void>;
}

export interface FindKafkaOptions {
  /** Default: the settings' port, KAFKA_PORT or 9092. */
  port?: number | undefined;
  /** Where pid files, logs and data lie. Default: the settings' state directory. */
  stateDirectory?: string | undefined;
  /** Default: read from the environment. */
  settings?: Settings | undefined;
}

/** Milliseconds that a broker gets to write everything and say goodbye; 1.5 s is usual. */
const STOP_LIMIT = 20_000;

/** The local broker of this port if it runs and is ready, whoever started it. */
export async function findKafka(options: FindKafkaOptions = {}): Promise<RunningKafka | undefined> {
  const { port, stateDirectory } = whichKafka(options);
  const daemon = await findDaemon({ name: kafkaName(port), stateDirectory, stopTimeoutMs: STOP_LIMIT });
  return daemon?.ready === true ? runningKafka(daemon, port, stateDirectory) : undefined;
}

/**
 * Stops the local broker of this port and its ZooKeeper, also one that is only half there: a broker whose start was
 * interrupted, a ZooKeeper whose broker was killed.
 * @returns Whether anything ran.
 */
export async function stopKafka(options: FindKafkaOptions = {}): Promise<boolean> {
  const { port, stateDirectory } = whichKafka(options);
  return await withLock(kafkaLock(port, stateDirectory), () => stopBoth(port, stateDirectory));
}

/** The broker first: it says goodbye to ZooKeeper. The caller holds their lock. @returns whether anything ran */
async function stopBoth(port: number, stateDirectory: string): Promise<boolean> {
  const broker = await stopDaemon({ name: kafkaName(port), stateDirectory, stopTimeoutMs: STOP_LIMIT });
  const zookeeper = await stopDaemon({ name: zookeeperName(port), stateDirectory, stopTimeoutMs: STOP_LIMIT });
  return broker || zookeeper;
}

export interface StopUnkeptOptions {
  /** Default: the settings' state directory. */
  stateDirectory?: string | undefined;
  /** Processes that are left alone. */
  except: readonly number[];
}

/**
 * Stops the local brokers of all ports, and their ZooKeepers, that nobody has kept: also one that is only half there. One that
 * is just being started is waited for.
 * @returns the ports.
 */
export async function stopUnkept({ stateDirectory = readSettings().stateDirectory, except }: StopUnkeptOptions): Promise<number[]> {
  const stopped: number[] = [];
  for (const port of await kafkaPorts(stateDirectory)) {
    await withLock(kafkaLock(port, stateDirectory), async () => {
      const isLeft = (await findBoth(port, stateDirectory)).some(({ pid, details }) => details["kept"] === 1 || except.includes(pid));
      if (!isLeft && await stopBoth(port, stateDirectory)) stopped.push(port);
    });
  }
  return stopped;
}

/** The processes of all local brokers and ZooKeepers. */
export async function kafkaPids(stateDirectory: string): Promise<number[]> {
  const running = await Promise.all((await kafkaPorts(stateDirectory)).map((port) => findBoth(port, stateDirectory)));
  return running.flat().map(({ pid }) => pid);
}

/** What runs of the broker of a port and its ZooKeeper. */
async function findBoth(port: number, stateDirectory: string): Promise<RunningDaemon[]> {
  const daemons = await Promise.all([kafkaName(port), zookeeperName(port)].map((name) => findDaemon({ name, stateDirectory })));
  return daemons.filter((daemon) => daemon !== undefined);
}

/** Ports of which there are files of a broker or its ZooKeeper, whether they run or not. */
async function kafkaPorts(stateDirectory: string): Promise<number[]> {
  const names = await readdir(path.join(stateDirectory, "run")).catch(() => []);
  return [...new Set(names.flatMap((name) => /^(?:kafka|zookeeper)-(\d+)\.(?:json|birth)$/.exec(name)?.[1] ?? []).map(Number))];
}

export const kafkaName = (port: number) => `kafka-${port}`;
export const zookeeperName = (port: number) => `zookeeper-${port}`;

/** Held while the broker of this port and its ZooKeeper are started or stopped. */
export const kafkaLock = (port: number, stateDirectory: string) => path.join(stateDirectory, "run", `${kafkaName(port)}-and-zookeeper.lock`);

export function whichKafka({ port, stateDirectory, settings = readSettings() }: FindKafkaOptions) {
  return { settings, port: port ?? settings.kafkaPort, stateDirectory: path.resolve(stateDirectory ?? settings.stateDirectory) };
}

export function runningKafka(daemon: RunningDaemon, port: number, stateDirectory: string): RunningKafka {
  const { pid, logFile, details } = daemon;
  const stop = async () => {
    await withLock(kafkaLock(port, stateDirectory), async () => {
      const wasRunning = await daemon.isRunning();
      await daemon.stop();
      // ZooKeeper may belong to a successor by now.
      const successor = await findDaemon({ name: kafkaName(port), stateDirectory });
      if (!wasRunning && successor !== undefined) return;
      await stopDaemon({ name: zookeeperName(port), stateDirectory, stopTimeoutMs: STOP_LIMIT });
    });
  };
  return {
    mode: details["mode"] === "zookeeper" ? "zookeeper" : "kraft",
    version: String(details["version"]),
    port,
    brokers: [`127.0.0.1:${port}`],
    pid,
    logFile,
    dataDirectory: String(details["dataDirectory"]),
    kept: details["kept"] === 1,
    keep: () => daemon.note({ kept: 1 }),
    stop,
  };
}
