import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { drawTurn, type Reply, summarizeTurns } from "kafka-llm-chat";
import { turnStages } from "kafka-llm-chat/internal/notebook/turnStages.js";

/** Said at 1,000,000 ms; the assistant had the whole reply 60 ms later. */
const reply: Reply = {
  id: "r", text: "A topic is a log.", conversation: "c", replyTo: "q", partition: 0, offset: 1n, timestamp: 1_000_060_000_000n,
  cancelled: false, error: undefined, model: "m", worker: "w", modelSha256: undefined, sampling: {}, previousCommits: {},
  timings: { waitMs: 5, answerMs: 45, totalMs: 40, firstTokenMs: 10, replyTokens: 6 },
  person: { saidAt: 1_000_000, acknowledgedMs: 4, shown: [{ firstMs: 32, lastMs: 62 }], committedMs: 75 },
};
const stages = (of: Reply): Record<string, [number, number]> => Object.fromEntries(turnStages(of).map(({ what, from, to }) => [what, [from, to]]));

describe("the stages of a turn", () => {
  test("follow each other from say() to the committed reply", () => {
    assert.deepEqual(stages(reply), {
      "written to Kafka": [0, 4], "way to the assistant": [0, 10], "waits for its turn": [10, 15], "waits for the model": [15, 20],
      "model reads the prompt": [20, 30], "model writes": [30, 60], "you read along": [32, 62], "commit, and way back": [60, 75],
    });
  });

  test("lie where they can have been when the assistant's clock is a minute ahead, or behind", () => {
    for (const [minutes, end] of [[1, 62], [-1, 50]] as const) {
      const { "model writes": writes, "waits for its turn": waits, "commit, and way back": way } = stages({ ...reply, timestamp: reply.timestamp + BigInt(minutes) * 60_000_000_000n });
      // Nothing is shown before it was written (32 + 30 ms), and no message arrives before it was said.
      assert.deepEqual([writes?.[1], way], [end, [end, 75]]);
      assert.ok((waits?.[0] ?? -1) >= 0);
    }
  });

  test("tell of an attempt that was cut off, and of a cancelled reply whose generation nobody has measured", () => {
    const cut = stages({ ...reply, person: { saidAt: 1_000_000, acknowledgedMs: 4, shown: [{ firstMs: 8, lastMs: 12 }, { firstMs: 32, lastMs: 62 }], committedMs: 75 } });
    assert.deepEqual(cut["an attempt that was cut off"], [8, 12]);
    assert.deepEqual(stages({ ...reply, timings: { waitMs: 5, answerMs: 45 } })["model answers"], [15, 60]);
  });

  test("are only known of a reply that say() returned", () => {
    assert.throws(() => turnStages({ ...reply, person: undefined }), /take the reply that say\(\) returns/);
  });
});

test("a turn is drawn as one bar a stage, with lengths that sum up in the heading", () => {
  const svg = drawTurn(reply);
  assert.equal(svg.match(/<rect [^>]*rx="2"/g)?.length, turnStages(reply).length + 3);
  assert.match(svg, /One message: first word after 32\S* ms, committed reply after 75\S* ms, 6 tokens/);
  assert.doesNotMatch(svg, /NaN|undefined/);
});

test("many turns are summed up by median and 95th percentile", () => {
  const replies = Array.from({ length: 20 }, (_, at): Reply => ({ ...reply, person: { saidAt: 1_000_000, acknowledgedMs: at + 1, shown: [], committedMs: 75 + at } }));
  const rows = new Map(summarizeTurns(replies).map((row) => [row.stage, row]));
  assert.deepEqual([rows.get("written to Kafka")?.["p50 ms"], rows.get("written to Kafka")?.["p95 ms"]].map(Number), [10, 19]);
  assert.deepEqual([rows.get("**say() to the committed reply**")?.["p50 ms"], rows.get("**say() to the committed reply**")?.["p95 ms"]].map(Number), [84, 93]);
  assert.equal(rows.get("**say() to the first word**"), undefined);
});
