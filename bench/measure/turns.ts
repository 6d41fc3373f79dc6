import { ChatNodeLlamaCpp, loadModel, openChat, readSettings } from "kafka-llm-chat";
import type { Bench } from "../support/Bench.js";
import { forgetfulAssistant } from "../support/forgetfulAssistant.js";
import { orderOf } from "../support/orderOf.js";
import { QUESTIONS, SEED } from "../support/questions.js";
import type { Result } from "../support/Result.js";
import { directTurn, kafkaTurn, type Turn } from "../support/turns.js";

/** Points 1 and 2: one turn through Kafka, against the same model called in this process, and against an assistant that does not stream. */
export async function measureTurns(bench: Bench): Promise<Result[]> {
  const [env, wholeEnv] = [bench.environment(), bench.environment()];
  const loaded = await loadModel({ model: readSettings(env).chatModel });
  bench.later(() => loaded.dispose());
  const model = new ChatNodeLlamaCpp({ model: loaded, seed: SEED });
  bench.own(await forgetfulAssistant({ env, profile: bench.options.profile }));
  bench.own(await forgetfulAssistant({ env: wholeEnv, kind: "whole", profile: bench.options.profile }));
  const chat = bench.own(await openChat({ settings: readSettings(env) }));
  const wholeChat = bench.own(await openChat({ settings: readSettings(wholeEnv) }));
  const [streamed, whole, direct]: [Turn[], Turn[], Turn[]] = [[], [], []];
  const ways = [
    async (question: string) => streamed.push(await kafkaTurn(chat, question)),
    async (question: string) => whole.push(await kafkaTurn(wholeChat, question)),
    async (question: string) => direct.push(await directTurn(model, question)),
  ];
  const rounds = 4 * bench.options.rounds;
  // The first round loads code and connections.
  for (let round = -1; round < rounds; round++) {
    bench.progress(round < 0 ? "warming up" : `round ${round + 1} of ${rounds}`);
    for (const question of QUESTIONS) for (const way of orderOf(ways, round + 1)) await way(question);
    if (round < 0) [streamed.length, whole.length, direct.length] = [0, 0, 0];
  }
  const speed = ({ tokensPerSecond }: Turn): number => tokensPerSecond ?? Number.NaN;
  const contestants = ["through Kafka", "same process"];
  const of = (pick: (turn: Turn) => number): number[][] => [streamed.map(pick), direct.map(pick)];
  return [
    {
      title: "One turn: what Kafka adds", goal: "first token at most 10 ms later at the median, 40 ms at p99", goalOf: ["first token"], contestants, compare: "added",
      rows: [
        { name: "first token", unit: "ms", values: of(({ firstText }) => firstText), headline: true },
        { name: "last token", unit: "ms", values: of(({ lastText }) => lastText) },
        { name: "committed reply", unit: "ms", values: of(({ whole }) => whole), headline: true },
      ],
    },
    {
      title: "What streaming costs", goal: "at least 99 % of the speed of generation", goalOf: ["generation"], contestants: ["streamed", "in one piece"], compare: "ratio",
      rows: [
        { name: "generation", unit: "tokens/s", values: [streamed.map(speed), whole.map(speed)], headline: true },
        { name: "committed reply", unit: "ms", values: [streamed.map(({ whole }) => whole), whole.map((turn) => turn.whole)] },
      ],
    },
    {
      title: "Generation in the assistant and in a process without Kafka", goal: "at least 99 % of its speed", contestants, compare: "ratio",
      rows: [{ name: "generation", unit: "tokens/s", values: of(speed) }],
    },
  ];
}
