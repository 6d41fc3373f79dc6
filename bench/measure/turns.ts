import { ChatNodeLlamaCpp, loadModel, openChat, readSettings } from "kafka-llm-chat";
import type { Bench } from "../support/Bench.js";
import { forgetfulAssistant } from "../support/forgetfulAssistant.js";
import { QUESTIONS } from "../support/questions.js";
import type { Result } from "../support/Result.js";
import { directTurn, kafkaTurn, type Turn } from "../support/turns.js";

/** Points 1 and 2: one turn through Kafka, against the same model called in this process. */
export async function measureTurns(bench: Bench): Promise<Result[]> {
  const env = bench.environment();
  const loaded = await loadModel({ model: readSettings(env).chatModel });
  bench.later(() => loaded.dispose());
  const model = new ChatNodeLlamaCpp({ model: loaded });
  bench.own(await forgetfulAssistant(env));
  const chat = bench.own(await openChat({ settings: readSettings(env) }));
  const kafka: Turn[] = [];
  const direct: Turn[] = [];
  const ways = [async (question: string) => kafka.push(await kafkaTurn(chat, question)), async (question: string) => direct.push(await directTurn(model, question))];
  // The first round loads code and connections.
  for (let round = -1; round < 4 * bench.options.rounds; round++) {
    for (const question of QUESTIONS) for (const way of round % 2 === 0 ? ways : [...ways].reverse()) await way(question);
    if (round < 0) [kafka.length, direct.length] = [0, 0];
  }
  const of = (pick: (turn: Turn) => number): number[][] => [kafka.map(pick), direct.map(pick)];
  const contestants = ["through Kafka", "same process"];
  return [
    {
      title: "One turn: what Kafka adds", goal: "first token at most 10 ms later at the median, 40 ms at p99", contestants, compare: "added",
      rows: [
        { name: "first token", unit: "ms", values: of(({ firstText }) => firstText) },
        { name: "last token", unit: "ms", values: of(({ lastText }) => lastText) },
        { name: "committed reply", unit: "ms", values: of(({ whole }) => whole) },
      ],
    },
    {
      title: "Generation while tokens are streamed through Kafka", goal: "at least 99 % of the speed", contestants, compare: "ratio",
      rows: [{ name: "generation", unit: "tokens/s", values: of(({ tokensPerSecond }) => tokensPerSecond ?? Number.NaN) }],
    },
  ];
}
