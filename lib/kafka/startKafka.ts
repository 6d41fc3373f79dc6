import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { findDaemon, stopDaemon } from "../daemon/findDaemon.js";
import { freePort, isPortBound, portHolder } from "../daemon/port.js";
import { startDaemon } from "../daemon/startDaemon.js";
import { withLock } from "../daemon/withLock.js";
import type { OnProgress } from "../progress.js";
import { brokerConfiguration } from "./brokerConfiguration.js";
import { findKafka, kafkaLock, kafkaName, runningKafka, whichKafka, zookeeperName, type FindKafkaOptions, type RunningKafka } from "./findKafka.js";
import { formatStorage } from "./formatStorage.js";
import { findJava, type Java } from "./java.js";
import { javaCommand } from "./javaCommand.js";
import { kafkaFiles, type KafkaFiles } from "./kafkaFiles.js";
import type { KafkaMode } from "./kafkaRelease.js";
import { probeBroker } from "./readiness.js";
import { brokerForgotten, startZookeeper } from "./startZookeeper.js";

export interface StartKafkaOptions extends FindKafkaOptions {
  /** Default: whichever runs, else "kraft". "zookeeper" is Kafka 3.9 with a ZooKeeper beside it. */
  mode?: KafkaMode | undefined;
  /** Where Kafka's jars are kept. Default: `<stateDirectory>/kafka`. */
  jarsDirectory?: string | undefined;
  /** Whether a broker that is started here is kept, as by its keep(), from its beginning. Default false. */
  keep?: boolean | undefined;
  onProgress?: OnProgress | undefined;
  /** Ends the start and stops what it has started. */
  signal?: AbortSignal | undefined;
}

/** Milliseconds for getting ready; a laptop needs 3 to 5 s. */
const READY_LIMIT = 60_000;

/**
 * Starts a local broker that outlives this program, and waits until topics can be created, written and read in a group.
 * One that runs on this port already is returned. Jars that are missing are downloaded first (45 MB).
 * @throws Error if KAFKA_BROKERS names another cluster, the port is taken (by whom), another mode runs, Java is missing, a
 * download fails, or the broker does not get ready within 60 s (with its log's last lines).
 */
export async function startKafka(options: StartKafkaOptions = {}): Promise<RunningKafka> {
  const { settings, port, stateDirectory } = whichKafka(options);
  const { onProgress, signal, jarsDirectory = path.join(stateDirectory, "kafka") } = options;
  if (settings.cluster.external) {
    throw new Error(`KAFKA_BROKERS is set (${settings.cluster.brokers.join(", ")}), so no local Kafka is started: connect to those, or unset it.`);
  }
  const running = await runningIn(options);
  if (running !== undefined) return running;

  const mode = options.mode ?? "kraft";
  const java = await findJava({ javaHome: settings.javaHome, stateDirectory, signal });
  const kafka = await kafkaFiles(mode, settings, { jarsDirectory, onProgress, signal });
  return await withLock(kafkaLock(port, stateDirectory), async () => {
    return (await runningIn(options)) ?? (await launch({ mode, port, stateDirectory, java, kafka, keep: options.keep === true, signal }));
  }, { signal });
}

/** The broker that runs on this port. Its mode cannot be chosen any more. */
async function runningIn({ mode, ...options }: StartKafkaOptions): Promise<RunningKafka | undefined> {
  const running = await findKafka(options);
  if (running !== undefined && mode !== undefined && running.mode !== mode) {
    throw new Error(`Kafka ${running.version} runs on port ${running.port} in ${running.mode} mode: stop it first (npm run kafka -- stop), or use another port.`);
  }
  return running;
}

interface Launch {
  mode: KafkaMode;
  port: number;
  stateDirectory: string;
  java: Java;
  kafka: KafkaFiles;
  keep: boolean;
  signal: AbortSignal | undefined;
}

async function launch({ mode, port, stateDirectory, java, kafka, keep, signal }: Launch): Promise<RunningKafka> {
  const name = kafkaName(port);
  // Somebody was killed while starting it: begin anew, since nobody knows what the rest would have been.
  await stopDaemon({ name, stateDirectory });
  await checkPort(port);

  const directory = path.join(stateDirectory, "kafka-data", `${mode}-${port}`);
  await mkdir(directory, { recursive: true });
  const program = { java, kafka, directory };
  const hadZookeeper = (await findDaemon({ name: zookeeperName(port), stateDirectory })) !== undefined;
  try {
    const zookeeper = mode === "zookeeper" ? await startZookeeper({ ...program, brokerPort: port, stateDirectory, signal }) : undefined;
    const configuration = { mode, port, quorumPort: zookeeper?.port ?? (await freePort()), logDirectory: "records" };
    const properties = (logDirectory: string) => brokerConfiguration({ ...configuration, logDirectory });
    if (zookeeper === undefined) await formatStorage({ ...program, heap: 128 }, { logDirectory: configuration.logDirectory, properties }, signal);
    else await brokerForgotten(zookeeper.port, signal);
    await writeFile(path.join(directory, "server.properties"), properties(configuration.logDirectory));
    const daemon = await startDaemon({
      name, stateDirectory, port, signal,
      ...(await javaCommand({ ...program, heap: 512, main: "kafka.Kafka", args: ["server.properties"] })),
      details: { mode, version: kafka.version, dataDirectory: directory, ...(keep ? { kept: 1 } : {}) },
      readyTimeoutMs: READY_LIMIT,
      ready: (ended) => isReady(port, ended),
    });
    return runningKafka(daemon, port, stateDirectory);
  } catch (error) {
    if (!hadZookeeper) await stopDaemon({ name: zookeeperName(port), stateDirectory });
    throw error;
  }
}

async function checkPort(port: number): Promise<void> {
  if (!(await isPortBound(port))) return;
  throw new Error(
    `Port ${port} is in use by ${await portHolder(port)}, so Kafka cannot listen there.\n` +
    `Stop that, or use another port: KAFKA_PORT=${port + 1}, or npm run kafka -- start --port ${port + 1}.`,
  );
}

/** The probe is the costly part, and may run only once: it waits for the broker itself. */
async function isReady(port: number, signal: AbortSignal): Promise<boolean> {
  if (!(await isPortBound(port))) return false;
  await probeBroker(`127.0.0.1:${port}`, { timeoutMs: READY_LIMIT, signal });
  return true;
}
