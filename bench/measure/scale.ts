import { setTimeout as delay } from "node:timers/promises";
import { openChat, readSettings, startAssistantProcess } from "kafka-llm-chat";
import type { Bench } from "../support/Bench.js";
import { fillLog } from "../support/fillLog.js";
import { orderOf } from "../support/orderOf.js";
import { cpuSeconds, residentMegabytes } from "../support/processUse.js";
import { QUESTIONS } from "../support/questions.js";
import type { Result, Row } from "../support/Result.js";
import { kafkaTurn } from "../support/turns.js";

const SHORT = [[1_000, 1], [1_000, 500], [100_000, 500], [100_000, 1_000]] as const;
const LONG = [[1_000_000, 1_000], [100_000, 10_000], [1_000_000, 10_000]] as const;
const IDLE_MS = 10_000;
const SETTLED_MS = 2_000;

interface Log {
  name: string;
  env: NodeJS.ProcessEnv;
  headline: boolean;
  found: Found;
}

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
  const sizes = bench.options.long ? [...SHORT, ...LONG] : SHORT;
  const logs: Log[] = [];
  for (const [index, [messages, conversations]] of sizes.entries()) {
    const name = `${messages.toLocaleString("en-US")} messages, ${conversations.toLocaleString("en-US")} conversation${conversations === 1 ? "" : "s"}`;
    const found: Found = { ready: [], firstReply: [], turns: [], megabytes: [], idle: [[], []] };
    logs.push({ name, env: await makeLog(bench, { name, messages, conversations }), headline: index === 0 || index === sizes.length - 1, found });
  }
  // The broker's code is slow when it runs for the first time, and busy with the logs that were written: all sizes once, in each round in another order.
  for (let round = -1; round < bench.options.rounds; round++) {
    for (const log of orderOf(logs, round + 1)) {
      bench.progress(`${log.name}: ${round < 0 ? "warming up" : `round ${round + 1} of ${bench.options.rounds}`}`);
      const found = await bench.run(() => measureOne(bench, log.env, { idle: round === 0 }));
      if (round < 0) continue;
      for (const kind of ["ready", "firstReply", "turns", "megabytes"] as const) log.found[kind].push(...found[kind]);
      for (const [at, values] of found.idle.entries()) log.found.idle[at]?.push(...values);
    }
  }
  const rows = (unit: string, of: (found: Found) => number[][]): Row[] => logs.map(({ name, headline, found }) => ({ name, unit, values: of(found), headline }));
  const idle: Row[] = ["the assistant", "the broker"].map((name, at) => ({ name, unit: "%", values: [logs.flatMap(({ found }) => found.idle[at] ?? [])], headline: at === 0 }));
  return [
    {
      title: "A fresh assistant on a log that is there", goal: "grows with the conversations only, under 5 s for 10,000",
      contestants: ["ready", "first reply"], rows: rows("s", ({ ready, firstReply }) => [ready, firstReply]),
    },
    { title: "What a turn takes beyond the model's own work", goal: "flat", contestants: ["to the committed reply"], rows: rows("ms", ({ turns }) => [turns]) },
    { title: "Memory of that assistant", contestants: ["resident"], rows: rows("MB", ({ megabytes }) => [megabytes]).map((row) => ({ ...row, headline: false })) },
    { title: "An idle assistant", goal: "next to no CPU", contestants: ["of one processor"], rows: idle },
  ];
}

/** A chat of its own that has so many messages. */
async function makeLog(bench: Bench, { name, messages, conversations }: { name: string; messages: number; conversations: number }): Promise<NodeJS.ProcessEnv> {
  const env = bench.environment();
  let tenths = -1;
  await fillLog(readSettings(env), {
    messages, conversations,
    onProgress: (share) => {
      if (Math.floor(10 * share) === tenths) return;
      tenths = Math.floor(10 * share);
      bench.progress(`${name}: ${10 * tenths} % written`);
    },
  });
  return env;
}

async function measureOne(bench: Bench, env: NodeJS.ProcessEnv, { idle }: { idle: boolean }): Promise<Found> {
  const found: Found = { ready: [], firstReply: [], turns: [], megabytes: [], idle: [[], []] };
  const chat = bench.own(await openChat({ settings: readSettings(env) }));
  const started = performance.now();
  const assistant = bench.own(await startAssistantProcess({ env }));
  found.ready.push((performance.now() - started) / 1000);
  await kafkaTurn(chat, "What is a topic?");
  found.firstReply.push((performance.now() - started) / 1000);
  for (const question of QUESTIONS.slice(0, 6)) found.turns.push((await kafkaTurn(chat, question)).overhead);
  found.megabytes.push(await residentMegabytes(assistant.pid));
  if (!idle) return found;
  // A person who reads has the broker work, too.
  await chat.stop();
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
  return found;
}
