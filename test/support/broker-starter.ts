import { access } from "node:fs/promises";
import { startDaemon } from "kafka-llm-chat/internal/daemon/startDaemon.js";
import { startKafka } from "kafka-llm-chat/internal/kafka/startKafka.js";
import { readSettings } from "kafka-llm-chat/internal/settings.js";
import type { StarterTask } from "./broker-program.js";

// A program that starts something, prints its pid, and ends: the daemon has to outlive it.
const task = JSON.parse(process.argv[2] ?? "") as StarterTask;
const started = await start();
process.stdout.write(String(started.pid));
if (task.kind === "daemon" && task.stay === true) setInterval(() => undefined, 60_000);

async function start(): Promise<{ pid: number }> {
  if (task.kind === "kafka") return await startKafka({ ...task, settings: readSettings({ ...process.env, KAFKA_BROKERS: "" }) });
  const { name, stateDirectory, code, readyFile } = task;
  return await startDaemon({
    name, stateDirectory, command: process.execPath, args: ["-e", code], details: { whole: 1 },
    ready: () => readyFile === undefined || access(readyFile).then(() => true, () => false),
  });
}
