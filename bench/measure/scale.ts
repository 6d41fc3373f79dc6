import { setTimeout as delay } from "node:timers/promises";
import { openChat, readSettings, startAssistantProcess } from "kafka-llm-chat";
import type { Bench } from "../support/Bench.js";
import { fillLog } from "../support/fillLog.js";
import { cpuSeconds, residentMegabytes } from "../support/processUse.js";
import { QUESTIONS } from "../support/questions.js";
import type { Result, Row } from "../support/Result.js";
import { kafkaTurn } from "../support/turns.js";

const SHORT = [[1_000, 1], [1_000, 500], [100_000, 500], [100_000, 1_000]] as const;
const LONG = [[1_000_000, 1_000], [100_000, 10_000], [1_000_000, 10_000]] as const;
const IDLE_MS = 10_000;
const SETTLED_MS = 2_000;

interface Found {
  /** Seconds from the start to readiness, and to the first reply. */
  ready: number[];
  firstReply: number[];
  /** Milliseconds of a turn beyond the model's own work. */
  turns: number[];
  megabytes: number[];
  /** Per cent of a processor that the assistant and the broker take when nobody talks. */
  idle: number[][];
}

/** Point 5: what grows with the log. */
export async function measureScale(bench: Bench): Promise<Result[]> {
  const rows: { start: Row[]; turn: Row[]; memory: Row[] } = { start: [], turn: [], memory: [] };
  const idle: Row[] = ["the assistant", "the broker"].map((name) => ({ name, unit: "%", values: [[]], headline: name === "the assistant" }));
  // The broker's code is slow when it runs for the first time.
  await bench.run(() => measureOne(bench, { name: "warming up", messages: 1_000, conversations: 1, rounds: 1, idle: false }));
  const sizes = bench.options.long ? [...SHORT, ...LONG] : SHORT;
  for (const [index, [messages, conversations]] of sizes.entries()) {
    const name = `${messages.toLocaleString("en-US")} messages, ${conversations.toLocaleString("en-US")} conversation${conversations === 1 ? "" : "s"}`;
    const found = await bench.run(() => measureOne(bench, { name, messages, conversations, rounds: bench.options.rounds, idle: true }));
    const headline = index === 0 || index === sizes.length - 1;
    rows.start.push({ name, unit: "s", values: [found.ready, found.firstReply], headline });
    rows.turn.push({ name, unit: "ms", values: [found.turns], headline });
    rows.memory.push({ name, unit: "MB", values: [found.megabytes] });
    for (const [at, row] of idle.entries()) row.values[0]?.push(...found.idle[at] ?? []);
  }
  return [
    {
      title: "A fresh assistant on a log that is there", goal: "grows with the conversations only, under 5 s for 10,000",
      contestants: ["ready", "first reply"], rows: rows.start,
    },
    { title: "What a turn takes beyond the model's own work", goal: "flat", contestants: ["to the committed reply"], rows: rows.turn },
    { title: "Memory of that assistant", contestants: ["resident"], rows: rows.memory },
    { title: "An idle assistant", goal: "next to no CPU", contestants: ["of one processor"], rows: idle },
  ];
}

async function measureOne(bench: Bench, { name, messages, conversations, rounds, idle }: { name: string; messages: number; conversations: number; rounds: number; idle: boolean }): Promise<Found> {
  const env = bench.environment();
  const settings = readSettings(env);
  let tenths = -1;
  await fillLog(settings, {
    messages, conversations,
    onProgress: (share) => {
      if (Math.floor(10 * share) === tenths) return;
      tenths = Math.floor(10 * share);
      bench.progress(`${name}: ${10 * tenths} % written`);
    },
  });
  const chat = bench.own(await openChat({ settings }));
  const found: Found = { ready: [], firstReply: [], turns: [], megabytes: [], idle: [[], []] };
  for (let round = 0; round < rounds; round++) {
    bench.progress(`${name}: round ${round + 1} of ${rounds}`);
    const started = performance.now();
    const assistant = bench.own(await startAssistantProcess({ env }));
    found.ready.push((performance.now() - started) / 1000);
    await kafkaTurn(chat, "What is a topic?");
    found.firstReply.push((performance.now() - started) / 1000);
    for (const question of QUESTIONS.slice(0, 6)) found.turns.push((await kafkaTurn(chat, question)).overhead);
    found.megabytes.push(await residentMegabytes(assistant.pid));
    if (idle && round === 0) {
      // The offset of the last messages is committed a second after them.
      await delay(SETTLED_MS);
      const watched = [assistant.pid, bench.brokerPid];
      const before = await Promise.all(watched.map(cpuSeconds));
      await delay(IDLE_MS);
      const after = await Promise.all(watched.map(cpuSeconds));
      for (const [index, since] of before.entries()) {
        const until = after[index];
        if (since !== undefined && until !== undefined) found.idle[index]?.push((100 * (until - since)) / (IDLE_MS / 1000));
      }
    }
    await assistant.stop();
  }
  return found;
}
