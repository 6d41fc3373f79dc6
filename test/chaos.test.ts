import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ChaosReport, faultsOf, runChaos } from "./chaos/runChaos.js";
import { ownBroker } from "./support/testCluster.js";

describe("assistants and the broker that are killed at random moments", { timeout: 300_000 }, () => {
  const run = async (options: { seed: number; blows: number; fenced: boolean; stalls: number; brokerKills: number }): Promise<{ report: ChaosReport; log: string }> => {
    const broker = await ownBroker();
    const lines: string[] = [];
    try {
      const report = await runChaos({ broker, assistants: 3, conversations: 10, onLine: (line) => lines.push(line), ...options });
      return { report, log: lines.slice(-60).join("\n") };
    } finally {
      await broker.stop();
    }
  };

  test("every message is answered exactly once, in order, from its own memory (npm run chaos makes longer runs)", async (context) => {
    const seed = Date.now() % 2 ** 31;
    const { report, log } = await run({ seed, blows: 20, fenced: true, stalls: 0.2, brokerKills: 0.05 });
    context.diagnostic(JSON.stringify(report));
    assert.ok(report.acknowledged >= 50 && report.messages >= report.acknowledged, `too little was said to show anything: ${JSON.stringify(report)}`);
    assert.equal(faultsOf(report), 0, `npm run chaos -- --seed ${seed}: ${JSON.stringify(report)}\n${log}`);
  });
});
