import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import path from "node:path";
import { freePort, readSettings, type RunningKafka, type Settings, startKafka } from "kafka-llm-chat";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";

/** A broker for tests, and the settings that lead a chat of its own there. */
export interface TestCluster {
  brokers: string[];
  /** Settings for a chat under a topic that nobody else uses. */
  settings(topic?: string): Settings;
  /** Stops the broker if this test has started it. */
  stop(): Promise<void>;
}

/** The broker that `npm test` has started for all tests, or one of this test's own where there is none. */
export async function testCluster(): Promise<TestCluster> {
  const given = process.env["TEST_KAFKA_BROKERS"];
  if (given !== undefined && given !== "") return { brokers: given.split(","), settings: (topic) => chatSettings(given, topic), stop: async () => undefined };
  const own = await ownBroker();
  return { brokers: own.kafka.brokers, settings: (topic) => chatSettings(own.kafka.brokers.join(","), topic), stop: () => own.stop() };
}

/** A broker that a test may stop and start. */
export interface OwnBroker {
  kafka: RunningKafka;
  settings(topic?: string): Settings;
  /** Ends it without warning. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and data. */
  start(): Promise<RunningKafka>;
  /** Stops it and removes its data, unless they are to be looked at. */
  stop(options?: { keepData?: boolean }): Promise<void>;
  /** Where its data lie. */
  directory: string;
}

export async function ownBroker(): Promise<OwnBroker> {
  const { stateDirectory } = readSettings();
  const own = path.join(stateDirectory, "test", randomUUID());
  const port = await freePort();
  const start = (): Promise<RunningKafka> => startKafka({
    port, stateDirectory: own, jarsDirectory: path.join(stateDirectory, "kafka"), settings: readSettings({ ...process.env, KAFKA_BROKERS: "" }),
  });
  let kafka = await start();
  return {
    get kafka() {
      return kafka;
    },
    settings: (topic) => chatSettings(`127.0.0.1:${port}`, topic),
    kill: async () => {
      process.kill(kafka.pid, "SIGKILL");
      await waitUntil(() => !isAlive(kafka.pid), { description: `Broker ${kafka.pid} not dead`, timeoutMs: 10_000 });
    },
    start: async () => (kafka = await start()),
    stop: async ({ keepData = false } = {}) => {
      await kafka.stop();
      if (!keepData) await rm(own, { recursive: true, force: true });
    },
    directory: own,
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function chatSettings(brokers: string, topic = `chat-${randomUUID().slice(0, 8)}`): Settings {
  return readSettings({ ...process.env, KAFKA_BROKERS: brokers, CHAT_TOPIC: topic });
}
