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

/** Point 5: what grows with the log. */
export async function measureScale(bench: Bench): Promise<Result[]> {
  const rows: { start: Row[]; turn: Row[]; memory: Row[] } = { start: [], turn: [], memory: [] };
  const idle: number[] = [];
  for (const [messages, conversations] of bench.options.long ? [...SHORT, ...LONG] : SHORT) {
    const name = `${messages.toLocaleString("en-US")} messages, ${conversations.toLocaleString("en-US")} conversation${conversations === 1 ? "" : "s"}`;
    const found = await bench.run(() => measureOne(bench, { name, messages, conversations }));
    rows.start.push({ name, unit: "s", values: [found.ready, found.firstReply], headline: true });
    rows.turn.push({ name, unit: "ms", values: [found.turns], headline: true });
    rows.memory.push({ name, unit: "MB", values: [found.megabytes] });
    idle.push(...found.idle);
  }
  return [
    {
      title: "A fresh assistant on a log that is there", goal: "grows with the conversations only, under 5 s for 10,000",
      contestants: ["ready", "first reply"], rows: rows.start,
    },
    { title: "What a turn takes beyond the model's own work", goal: "flat", contestants: ["to the committed reply"], rows: rows.turn },
    { title: "Memory of that assistant", contestants: ["resident"], rows: rows.memory },
    { title: "An idle assistant", goal: "next to no CPU", contestants: ["of one processor"], rows: [{ name: "CPU", unit: "%", values: [idle], headline: true }] },
  ];
}

async function measureOne(bench: Bench, { name, messages, conversations }: { name: string; messages: number; conversations: number }): Promise<{ ready: number[]; firstReply: number[]; turns: number[]; megabytes: number[]; idle: number[] }> {
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
  const found = { ready: [] as number[], firstReply: [] as number[], turns: [] as number[], megabytes: [] as number[], idle: [] as number[] };
  for (let round = 0; round < bench.options.rounds; round++) {
    bench.progress(`${name}: round ${round + 1} of ${bench.options.rounds}`);
    const started = performance.now();
    const assistant = bench.own(await startAssistantProcess({ env }));
    found.ready.push((performance.now() - started) / 1000);
    await chat.say("What is a topic?");
    found.firstReply.push((performance.now() - started) / 1000);
    for (const question of QUESTIONS.slice(0, 6)) found.turns.push((await kafkaTurn(chat, question)).overhead);
    found.megabytes.push(await residentMegabytes(assistant.pid));
    if (round === 0) {
      const before = await cpuSeconds(assistant.pid);
      await delay(IDLE_MS);
      const after = await cpuSeconds(assistant.pid);
      if (before !== undefined && after !== undefined) found.idle.push((100 * (after - before)) / (IDLE_MS / 1000));
    }
    await assistant.stop();
  }
  return found;
}
