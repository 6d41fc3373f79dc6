import { test } from "node:test";
import { brokerAway } from "./support/brokerAway.js";

test("a broker that is frozen for 15 s: nothing is lost or answered twice, messages wait, and people are told (a minute, and killed: npm run test:cluster)", { timeout: 180_000 }, async (context) => {
  const took = await brokerAway({ seconds: 15, how: "frozen" });
  context.diagnostic(`the replies came ${Math.round(took)} ms after the broker was back`);
});
