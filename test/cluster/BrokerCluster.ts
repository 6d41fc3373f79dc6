import { randomUUID } from "node:crypto";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { readSettings } from "kafka-llm-chat";
import { freePort, isPortBound } from "kafka-llm-chat/internal/daemon/port.js";
import { startDaemon } from "kafka-llm-chat/internal/daemon/startDaemon.js";
import type { RunningDaemon } from "kafka-llm-chat/internal/daemon/findDaemon.js";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { brokerConfiguration } from "kafka-llm-chat/internal/kafka/brokerConfiguration.js";
import { formatStorage, newClusterId } from "kafka-llm-chat/internal/kafka/formatStorage.js";
import { findJava } from "kafka-llm-chat/internal/kafka/java.js";
import { javaCommand } from "kafka-llm-chat/internal/kafka/javaCommand.js";
import { kafkaFiles } from "kafka-llm-chat/internal/kafka/kafkaFiles.js";

/** One broker of a cluster, which is a controller, too. */
export interface BrokerNode {
  id: number;
  /** `host:port` for clients without TLS and name. */
  address: string;
  /** Ends it without warning. */
  kill(): Promise<void>;
  /** Starts it again, on the same ports and data; resolves when it listens. */
  start(): Promise<void>;
}

/** Ports of a broker, all on 127.0.0.1. */
export interface BrokerPorts {
  port: number;
  controller: number;
  /** For whatever the test listens on beside. */
  extra: number;
}

export interface BrokerClusterOptions {
  brokers: number;
  /** Properties beside those of the local broker, or in their place. */
  properties?: (ports: BrokerPorts) => Record<string, string | number>;
  /** Arguments for the tool that formats the storage. */
  formatArgs?: string[];
}

/** Brokers on this machine that form one KRaft cluster. */
export interface BrokerCluster {
  nodes: (BrokerNode & { ports: BrokerPorts })[];
  /** Where the test may put files; removed by stop(). */
  folder: string;
  /** Puts what the brokers have logged where it outlives them, and says where. */
  keepLogs(): Promise<string>;
  /** Stops all and removes their data. */
  stop(): Promise<void>;
}

const HEAP_MIB = 256;

/** Starts brokers with the configuration of the local broker, as daemons; resolves when all of them listen. */
export async function startBrokers({ brokers, properties = () => ({}), formatArgs = [] }: BrokerClusterOptions): Promise<BrokerCluster> {
  const settings = readSettings();
  const folder = path.join(settings.stateDirectory, "test", randomUUID());
  const java = await findJava({ javaHome: settings.javaHome, stateDirectory: settings.stateDirectory });
  const kafka = await kafkaFiles("kraft", settings, { jarsDirectory: path.join(settings.stateDirectory, "kafka") });
  const clusterId = newClusterId();
  const ports: BrokerPorts[] = [];
  for (let at = 0; at < brokers; at++) ports.push({ port: await freePort(), controller: await freePort(), extra: await freePort() });
  const voters = ports.map(({ controller }, at) => `${at + 1}@127.0.0.1:${controller}`).join(",");

  const nodes = ports.map((own, at) => {
    const id = at + 1;
    const directory = path.join(folder, `broker-${id}`);
    const program = { java, kafka, directory, heap: HEAP_MIB };
    // Where a name stands twice, Java takes the last.
    const text = (logDirectory: string): string => brokerConfiguration({ mode: "kraft", port: own.port, quorumPort: own.controller, logDirectory })
      + lines({ "node.id": id, "controller.quorum.voters": voters, ...properties(own) });
    let daemon: RunningDaemon | undefined;
    const start = async (): Promise<void> => {
      await mkdir(directory, { recursive: true });
      await formatStorage(program, { logDirectory: "records", properties: text, clusterId, args: formatArgs });
      await writeFile(path.join(directory, "server.properties"), text("records"));
      daemon = await startDaemon({
        name: `broker-${id}`, stateDirectory: folder, port: own.port, ready: () => isPortBound(own.port), stopTimeoutMs: 20_000,
        ...(await javaCommand({ ...program, main: "kafka.Kafka", args: ["server.properties"] })),
      });
    };
    const kill = async (): Promise<void> => {
      if (daemon === undefined) return;
      const { pid } = daemon;
      process.kill(pid, "SIGKILL");
      await waitUntil(async () => !(await daemon?.isRunning()), { description: `Broker ${pid} not dead`, timeoutMs: 10_000 });
    };
    return { id, address: `127.0.0.1:${own.port}`, ports: own, start, kill, stop: async () => daemon?.stop() };
  });

  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= (async () => {
    // Together: the last of a quorum would wait for the others.
    await Promise.all(nodes.map((node) => node.stop()));
    await rm(folder, { recursive: true, force: true });
  })());
  const keepLogs = async (): Promise<string> => {
    const kept = path.join(settings.stateDirectory, "log", "test", "cluster");
    await rm(kept, { recursive: true, force: true });
    await cp(path.join(folder, "log"), kept, { recursive: true });
    return kept;
  };
  try {
    // Together: one alone has no quorum and does not listen.
    await Promise.all(nodes.map((node) => node.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes, folder, keepLogs, stop };
}

function lines(properties: Record<string, string | number>): string {
  return Object.entries(properties).map(([name, value]) => `${name}=${value}\n`).join("");
}
