import fs from "node:fs";
import path from "node:path";
import { freePort, isPortBound } from "kafka-llm-chat/internal/daemon/port.js";
import type { RunningKafka } from "kafka-llm-chat/internal/kafka/findKafka.js";
import { startKafka } from "kafka-llm-chat/internal/kafka/startKafka.js";
import { isRunning, processStart } from "../bootstrap/process.mjs";
import { endProcesses, processesNaming, processesOf } from "../endProcesses.js";
import type { Context } from "../stages/context.js";

/** What the test files of one `npm test` share. */
export interface TestRun {
  /**
   * For the test files: TEST_KAFKA_BROKERS, the broker for all where there is one; a state directory and a port for a broker of their own
   * (KAFKA_LLM_CHAT_STATE, KAFKA_PORT); TEST_STATE, by which what they start is known; and nothing of the user's settings.
   */
  env: NodeJS.ProcessEnv;
  /**
   * Stops the broker, ends whatever else is left, removes the folder. Idempotent.
   * @returns what the tests left behind, in words; it should be nothing
   */
  stop(): Promise<string[]>;
}

/** The names of settings that must not reach the tests. */
const SETTINGS = /^(KAFKA_|CHAT_|HF_|JUPYTER|COLAB$|TEST_)/;

/** What is installed or downloaded once for all: the run's folder has links to it. */
const SHARED = ["venv", "kafka", "models"];

export interface TestRunOptions {
  /** Folder that keeps the broker's log. */
  logs: string;
  /** Whether a broker for all is started, on a free port. */
  sharedBroker: boolean;
  signal: AbortSignal;
}

/** Makes the folder `.state/test/<pid>`, and starts the broker in it. */
export async function startTestRun({ state, settings }: Context, { logs, sharedBroker, signal }: TestRunOptions): Promise<TestRun> {
  await removeDeadRuns(path.join(state, "test"));
  const folder = path.join(state, "test", String(process.pid));
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "owner.json"), JSON.stringify({ pid: process.pid, started: processStart(process.pid) }));
  for (const name of SHARED.filter((entry) => fs.existsSync(path.join(state, entry)))) {
    fs.symlinkSync(path.join(state, name), path.join(folder, name));
  }
  let kafka: RunningKafka | undefined;
  let stopped: Promise<string[]> | undefined;
  const stop = () => (stopped ??= stopRun(folder, kafka, logs));
  try {
    const ownCluster = { ...settings, stateDirectory: folder, cluster: { ...settings.cluster, external: false } };
    if (sharedBroker) kafka = await startKafka({ port: await freePort(), settings: ownCluster, signal });
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !SETTINGS.test(name)));
    const own = { KAFKA_LLM_CHAT_STATE: folder, KAFKA_PORT: String(await freePort()), TEST_STATE: folder };
    return { env: { ...inherited, ...own, ...(kafka === undefined ? {} : { TEST_KAFKA_BROKERS: kafka.brokers.join(",") }) }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function stopRun(folder: string, kafka: RunningKafka | undefined, logs: string): Promise<string[]> {
  await kafka?.stop();
  if (kafka !== undefined && fs.existsSync(kafka.logFile)) fs.copyFileSync(kafka.logFile, path.join(logs, "kafka.log"));
  const left = processesOf(folder);
  await endProcesses(left);
  const words = left.map(({ pid, command }) => `process ${pid}: ${command.slice(0, 160)}`);
  if (kafka !== undefined && (await isPortBound(kafka.port))) words.push(`port ${kafka.port} is still in use`);
  fs.rmSync(folder, { recursive: true, force: true });
  return words;
}

/** What runs left that were killed themselves; and folders that single tests made, an hour after nobody uses them any more. */
async function removeDeadRuns(folder: string): Promise<void> {
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder)) {
    const run = path.join(folder, name);
    const owner = readOwner(run);
    const inUse = owner === undefined ? isRecent(run) || processesNaming(run).length > 0 : isRunning(owner.pid, owner.started);
    if (inUse) continue;
    await endProcesses(processesOf(run + path.sep));
    fs.rmSync(run, { recursive: true, force: true });
  }
}

function isRecent(folder: string): boolean {
  return Date.now() - fs.statSync(folder).mtimeMs < 3_600_000;
}

function readOwner(run: string): { pid: number; started: string | undefined } | undefined {
  try {
    return JSON.parse(fs.readFileSync(path.join(run, "owner.json"), "utf8")) as { pid: number; started: string | undefined };
  } catch {
    return undefined;
  }
}
