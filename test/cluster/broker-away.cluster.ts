import { describe, test } from "node:test";
import { brokerAway } from "../support/brokerAway.js";

describe("a broker that is away for a minute", { timeout: 540_000 }, () => {
  for (const how of ["frozen", "killed"] as const) {
    test(`${how}: nothing is lost or answered twice, messages wait, and people are told`, async (context) => {
      const took = await brokerAway({ seconds: 60, how });
      context.diagnostic(`the replies came ${Math.round(took)} ms after the broker was back`);
    });
  }
});
