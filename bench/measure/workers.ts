import { openChat, type Chat, readSettings, startAssistantProcess } from "kafka-llm-chat";
import type { Bench } from "../support/Bench.js";
import { QUESTIONS } from "../support/questions.js";
import type { Result, Row } from "../support/Result.js";

const WORKERS = [1, 2, 4];
/** Tokens a second of each reply: slow enough that the model's own work is small beside it. */
const PACE = 15;
const CONVERSATIONS = 96;
const TURNS = 3;

/** Point 6: more assistants, with a model whose speed is fixed, so that only Kafka's part can slow them down. */
export async function measureWorkers(bench: Bench): Promise<Result[]> {
  const rows: Row[] = WORKERS.map((workers) => ({ name: `${workers} assistant${workers === 1 ? "" : "s"}`, unit: "replies/s", values: [[], []], headline: workers > 1 }));
  // A round takes minutes: the replies are slow on purpose.
  const rounds = bench.options.long ? bench.options.rounds : 1;
  for (let round = 0; round < rounds; round++) {
    const speeds = new Map<number, number>();
    for (const workers of round % 2 === 0 ? WORKERS : [...WORKERS].reverse()) {
      bench.progress(`round ${round + 1} of ${rounds}: ${workers} at work`);
      speeds.set(workers, await bench.run(() => measureOne(bench, workers)));
    }
    for (const [index, workers] of WORKERS.entries()) {
      rows[index]?.values[0]?.push(speeds.get(workers) ?? Number.NaN);
      rows[index]?.values[1]?.push((speeds.get(1) ?? Number.NaN) * workers);
    }
  }
  return [{ title: `Assistants, ${CONVERSATIONS} conversations at once, ${PACE} tokens/s a reply`, goal: "near-linear up to the number of partitions", compare: "ratio", contestants: ["together", "as many times one"], rows }];
}

async function measureOne(bench: Bench, workers: number): Promise<number> {
  const env = bench.environment();
  for (let worker = 0; worker < workers; worker++) bench.own(await startAssistantProcess({ env, pace: PACE }));
  const chats: Chat[] = [];
  while (chats.length < CONVERSATIONS) chats.push(bench.own(await openChat({ settings: readSettings(env) })));
  const started = performance.now();
  await Promise.all(chats.map(async (chat, at) => {
    for (let turn = 0; turn < TURNS; turn++) await chat.say(QUESTIONS[(at + turn) % QUESTIONS.length] as string);
  }));
  return (CONVERSATIONS * TURNS) / ((performance.now() - started) / 1000);
}
