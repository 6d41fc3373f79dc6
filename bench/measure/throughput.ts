import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { catalogue, ChatNodeLlamaCpp, loadModel, PERSONA, readSettings } from "kafka-llm-chat";
import { answerAll, type Ask, askThroughKafka } from "../support/askers.js";
import type { Bench } from "../support/Bench.js";
import { forgetfulAssistant } from "../support/forgetfulAssistant.js";
import { cpuSeconds } from "../support/processUse.js";
import { orderOf } from "../support/orderOf.js";
import { manyQuestions, SEED } from "../support/questions.js";
import { rawLlama, type Speed } from "../support/rawLlama.js";
import type { Result, Row } from "../support/Result.js";

const AT_ONCE = [1, 2, 4, 8, 16, 32];

/** As the original was measured, in Python with a smaller model on two cores: all messages are said at once, and it answers one after the other. */
const BURST = { messages: 120, conversations: 12 };
const ORIGINAL = "the original: 20 to 26 replies/s, in Python and with a smaller model; three times that";

/** At so many conversations at once it is measured which process uses how much of the processors. */
const WATCHED = 8;

/** So many questions at least are answered before the time is taken: two seconds' worth. */
const LEAST_QUESTIONS = 64;

/** What all ways do. */
interface Race {
  /** Conversations, and messages that each says without waiting for a reply. */
  people: number;
  each: number;
  questions: number;
  replies: Row;
  tokens?: Row;
}

/** Point 3: many conversations and one assistant, against llama.cpp in a bare loop, and against one question after the other. */
export async function measureThroughput(bench: Bench): Promise<Result[]> {
  const env = bench.environment();
  const loaded = await loadModel({ model: readSettings(env).chatModel });
  bench.later(() => loaded.dispose());
  const model = new ChatNodeLlamaCpp({ model: loaded, seed: SEED });
  const raw = bench.own(await rawLlama(loaded, catalogue.find(({ name }) => name === loaded.name)?.threads));
  const { pid } = bench.own(await forgetfulAssistant({ env, profile: bench.options.profile }));
  const alone: Ask = async (question) => Number((await model.invoke([new SystemMessage(PERSONA), new HumanMessage(question)])).response_metadata["replyTokens"]);
  const headlines = [1, 8, 32];
  // The bare loop runs in the process of the people.
  const processes = { "the assistant": pid, "the broker": bench.brokerPid, "the people, all in one process": process.pid };
  const use: Row[] = ["all of them", ...Object.keys(processes)].map((name) => ({ name, unit: "ms", values: [[], []] }));
  const row = (name: string, unit: string, headline: boolean): Row => ({ name, unit, values: [[], [], []], headline });
  const races: Race[] = [
    { people: BURST.conversations, each: BURST.messages / BURST.conversations, questions: BURST.messages, replies: row(`${BURST.messages} messages at once in ${BURST.conversations} conversations`, "replies/s", true) },
    ...AT_ONCE.map((people): Race => ({
      people, each: 1, questions: Math.max(LEAST_QUESTIONS, 4 * people),
      replies: row(`${people} at once`, "replies/s", headlines.includes(people)), tokens: row(`${people} at once`, "tokens/s", false),
    })),
  ];
  for (let round = -1; round < bench.options.rounds; round++) {
    bench.progress(round < 0 ? "warming up" : `round ${round + 1} of ${bench.options.rounds}`);
    for (const { people, each, questions, replies, tokens } of races) {
      const asked = manyQuestions(questions);
      // What each makes ready is not timed.
      const ways = [
        // Nobody else is there: who does not talk reads along and takes processor time.
        async () => {
          const askers = await askThroughKafka(bench, env, people);
          return () => answerAll(asked, Array.from({ length: each }, () => askers).flat());
        },
        async () => {
          const sequences = bench.own(await raw.open(Math.min(people, loaded.sequences.size)));
          return () => sequences.answer(asked);
        },
        async () => () => answerAll(asked, [alone]),
      ];
      for (const way of orderOf([...ways.keys()], round + 1)) {
        const { speed, used } = await bench.run(async () => timed(await (ways[way] as () => Promise<() => Promise<Speed>>)(), Object.values(processes)));
        if (round < 0) continue;
        if (people === WATCHED && way === 0) for (const [index, ms] of [used.reduce((sum, one) => sum + one, 0), ...used].entries()) use[index]?.values[0]?.push(ms);
        if (people === WATCHED && way === 1) use[0]?.values[1]?.push(used.at(-1) ?? 0);
        replies.values[way]?.push(speed.replies / speed.seconds);
        tokens?.values[way]?.push(speed.tokens / speed.seconds);
      }
    }
  }
  const [burst, ...conversations] = races;
  const contestants = ["one assistant", "bare loop", "one after the other"];
  const goal = `at least 90 % of llama.cpp in a bare loop with as many sequences (here ${loaded.sequences.size} at most), at 8`;
  return [
    { title: "Conversations at once: replies", goal, goalOf: [`${WATCHED} at once`], compare: "ratio", contestants, rows: conversations.map(({ replies }) => replies) },
    { title: "A burst", goal: ORIGINAL, compare: "ratio", contestants, rows: burst === undefined ? [] : [burst.replies] },
    { title: "Conversations at once: tokens", compare: "ratio", contestants, rows: conversations.flatMap(({ tokens }) => tokens ?? []) },
    { title: `Processor time of a reply, ${WATCHED} conversations at once`, compare: "ratio", contestants: contestants.slice(0, 2), rows: use },
  ];
}

/** How fast it went, and the processor time of a reply in milliseconds, by process; 0 where that cannot be told. */
async function timed(run: () => Promise<Speed>, pids: (number | undefined)[]): Promise<{ speed: Speed; used: number[] }> {
  const before = await Promise.all(pids.map(cpuSeconds));
  const speed = await run();
  const after = await Promise.all(pids.map(cpuSeconds));
  return { speed, used: after.map((seconds, index) => (((seconds ?? 0) - (before[index] ?? 0)) * 1_000) / speed.replies) };
}
