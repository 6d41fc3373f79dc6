import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SequencePool } from "kafka-llm-chat/internal/model/SequencePool.js";

describe("the sequences of a context", () => {
  test("go to the conversation that used them last, else the least recently used gives way", async () => {
    const pool = new SequencePool(["s1", "s2"]);
    const a = await pool.acquire("a");
    const b = await pool.acquire("b");
    a.release();
    b.release();
    const again = await pool.acquire("b");
    assert.equal(again.sequence, b.sequence);
    again.release();
    assert.equal((await pool.acquire("c")).sequence, a.sequence, "a's was used longest ago");
  });

  test("are waited for in order, and a waiter who gives up leaves the queue", async () => {
    const pool = new SequencePool(["s1"]);
    const first = await pool.acquire("a");
    const order: string[] = [];
    const giveUp = new AbortController();
    const second = pool.acquire("b", giveUp.signal);
    const third = pool.acquire("c").then((lease) => {
      order.push("c");
      return lease;
    });
    giveUp.abort(new Error("no longer needed"));
    await assert.rejects(second, /no longer needed/);
    assert.deepEqual(order, []);
    first.release();
    first.release();
    const lease = await third;
    const fourth = pool.acquire("d");
    lease.release();
    assert.equal((await fourth).sequence, "s1");
  });
});
