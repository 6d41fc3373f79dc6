// From the broker to the first reply, in a process of its own: nothing is loaded or warm. Sends how long each step took, in seconds.
import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { ChatNodeLlamaCpp, freePort, loadModel, openChat, readSettings, startAssistant, startKafka } from "kafka-llm-chat";

const { stateDirectory } = readSettings();
const own = await mkdtemp(path.join(stateDirectory, "bench-"));
const stops: (() => Promise<unknown>)[] = [() => rm(own, { recursive: true, force: true })];
const took: number[] = [];

async function time<Value>(work: () => Promise<Value>): Promise<Value> {
  const started = performance.now();
  const value = await work();
  took.push((performance.now() - started) / 1000);
  return value;
}

async function firstReply(): Promise<void> {
  const port = await freePort();
  const settings = readSettings({ ...process.env, KAFKA_BROKERS: "", KAFKA_PORT: String(port) });
  const kafka = await time(() => startKafka({ port, settings, stateDirectory: own, jarsDirectory: path.join(stateDirectory, "kafka") }));
  stops.push(() => kafka.stop());
  const model = await time(() => loadModel({ model: settings.chatModel }));
  stops.push(() => model.dispose());
  const assistant = await time(() => startAssistant({ settings, model: new ChatNodeLlamaCpp({ model }) }));
  stops.push(() => assistant.stop());
  await time(async () => {
    const chat = await openChat({ settings });
    stops.push(() => chat.stop());
    const { error, text } = await chat.say("What is a topic?");
    if (error !== undefined) throw new Error(text);
  });
}

// Whoever has started this stops it by its end of the channel; Ctrl+C in a terminal comes here, too.
process.on("SIGINT", () => undefined);
const interrupted = new Promise<void>((resolve) => process.once("disconnect", resolve));
try {
  await Promise.race([firstReply(), interrupted]);
} finally {
  while (stops.length > 0) await stops.pop()?.();
}
if (process.connected) process.send?.(took, () => process.disconnect());
