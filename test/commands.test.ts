import assert from "node:assert/strict";
import path from "node:path";
import { describe, test } from "node:test";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { run } from "./support/setup-machine.js";

const ENTRY = path.join(repositoryRoot, "setup", "run.mjs");

describe("a command whose KAFKA_BROKERS nobody answers at", { timeout: 120_000 }, () => {
  for (const command of [["chat"], ["assistant"], ["errors", "list"], ["errors", "resend", "0:0"], ["memory", "check"]]) {
    test(`${command.join(" ")} says so soon, without a stack, and what to do`, async () => {
      const { code, output, seconds } = await run(process.execPath, [ENTRY, ...command], { env: { ...process.env, KAFKA_BROKERS: "127.0.0.1:1" } });
      assert.equal(code, 1, output);
      assert.match(output, /^No Kafka broker answers at 127\.0\.0\.1:1 within 3000 ms\. KAFKA_BROKERS names it: check the address/m);
      assert.doesNotMatch(output, /^\s+at /m);
      assert.ok(seconds < 10, `it took ${seconds.toFixed(1)} s; a client of its own would try for 30 s`);
    });
  }
});
