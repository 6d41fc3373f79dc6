import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { test } from "node:test";
import { ownBroker } from "../support/testCluster.js";

/** kafkajs takes half a minute to notice that a broker is gone, and as long to give up what it has begun. */
const LIMIT_MS = 90_000;

test("an assistant that is stopped while the broker is away does not try to join its group any more: its process ends by itself", { timeout: 4 * LIMIT_MS }, async () => {
  const broker = await ownBroker();
  const { chatTopic } = broker.settings();
  const program = path.join(import.meta.dirname, "..", "support", "stoppedAssistant.js");
  const child = fork(program, { env: { ...process.env, KAFKA_BROKERS: broker.kafka.brokers.join(","), CHAT_TOPIC: chatTopic } });
  const ended = once(child, "exit");
  const told = async (): Promise<unknown> => ((await once(child, "message", { signal: AbortSignal.timeout(LIMIT_MS) })) as unknown[])[0];
  try {
    assert.equal(await told(), "ready");
    await broker.kill();
    assert.equal(await told(), "stopped");
    const late = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    assert.deepEqual(await ended, [0, null]);
    clearTimeout(late);
  } finally {
    child.kill("SIGKILL");
    await broker.stop();
  }
});
