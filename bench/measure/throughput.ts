import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { catalogue, type Chat, ChatNodeLlamaCpp, loadModel, openChat, PERSONA, readSettings } from "kafka-llm-chat";
import type { Bench } from "../support/Bench.js";
import { forgetfulAssistant } from "../support/forgetfulAssistant.js";
import { cpuSeconds } from "../support/processUse.js";
import { orderOf } from "../support/orderOf.js";
import { QUESTIONS, SEED } from "../support/questions.js";
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

interface Measured extends Speed {
  /** Processor time of a reply in milliseconds, by process. */
  used: number[];
}

/** Answers a question; resolves with the number of tokens of the reply. */
type Ask = (question: string) => Promise<number>;

/** Point 3: many conversations and one assistant, against llama.cpp in a bare loop, and against one question after the other. */
export async function measureThroughput(bench: Bench): Promise<Result[]> {
  const env = bench.environment();
  const loaded = await loadModel({ model: readSettings(env).chatModel });
  bench.later(() => loaded.dispose());
  const model = new ChatNodeLlamaCpp({ model: loaded, seed: SEED });
  const raw = bench.own(await rawLlama(loaded, catalogue.find(({ name }) => name === loaded.name)?.threads));
  const { pid } = bench.own(await forgetfulAssistant({ env, profile: bench.options.profile }));
  const alone: Ask = async (question) => Number((await model.invoke([new SystemMessage(PERSONA), new HumanMessage(question)])).response_metadata["replyTokens"]);
  const rows = (unit: string): Row[] => AT_ONCE.map((atOnce) => ({ name: `${atOnce} at once`, unit, values: [[], [], []], headline: unit === "replies/s" && [1, 8, 32].includes(atOnce) }));
  const [replies, tokens] = [rows("replies/s"), rows("tokens/s")];
  // The bare loop runs in the process of the people.
  const processes = { "the assistant": pid, "the broker": bench.brokerPid, "the people, all in one process": process.pid };
  const use: Row[] = ["all of them", ...Object.keys(processes)].map((name) => ({ name, unit: "ms", values: [[], []] }));
  const burst: Row = { name: `${BURST.messages} messages at once in ${BURST.conversations} conversations`, unit: "replies/s", values: [[], [], []], headline: true };
  const burstOf = Array.from({ length: BURST.messages }, (_, at) => QUESTIONS[at % QUESTIONS.length] as string);
  const timed = async (run: () => Promise<Speed>): Promise<Measured> => {
    const before = await cpuOf(Object.values(processes));
    const speed = await run();
    const used = (await cpuOf(Object.values(processes))).map((seconds, index) => ((seconds - (before[index] ?? 0)) * 1_000) / speed.replies);
    return { ...speed, used };
  };
  for (let round = -1; round < bench.options.rounds; round++) {
    bench.progress(round < 0 ? "warming up" : `round ${round + 1} of ${bench.options.rounds}`);
    const bursts = [
      () => bench.run(async () => {
        const chats = await openChats(bench, env, BURST.conversations);
        return answerAll(burstOf, burstOf.map((_, at) => askThroughKafka(chats[at % chats.length] as Chat)));
      }),
      () => raw.run(burstOf, loaded.sequences.size),
      () => answerAll(burstOf, [alone]),
    ];
    for (const way of orderOf([...bursts.keys()], round + 1)) {
      const { replies: count, seconds } = await (bursts[way] as () => Promise<Speed>)();
      if (round >= 0) burst.values[way]?.push(count / seconds);
    }
    for (const [index, atOnce] of AT_ONCE.entries()) {
      const questions = Array.from({ length: Math.max(LEAST_QUESTIONS, 4 * atOnce) }, (_, at) => QUESTIONS[at % QUESTIONS.length] as string);
      const ways: (() => Promise<Measured>)[] = [
        // Nobody else is there: who does not talk reads along and takes processor time.
        () => bench.run(async () => {
          const chats = await openChats(bench, env, atOnce);
          return timed(() => answerAll(questions, chats.map(askThroughKafka)));
        }),
        () => timed(() => raw.run(questions, Math.min(atOnce, loaded.sequences.size))),
        () => timed(() => answerAll(questions, [alone])),
      ];
      for (const way of orderOf([...ways.keys()], round + 1)) {
        const { used, ...speed } = await (ways[way] as () => Promise<Measured>)();
        if (round < 0) continue;
        if (atOnce === WATCHED && way === 0) for (const [index, ms] of [used.reduce((sum, one) => sum + one, 0), ...used].entries()) use[index]?.values[0]?.push(ms);
        if (atOnce === WATCHED && way === 1) use[0]?.values[1]?.push(used.at(-1) ?? 0);
        replies[index]?.values[way]?.push(speed.replies / speed.seconds);
        tokens[index]?.values[way]?.push(speed.tokens / speed.seconds);
      }
    }
  }
  const contestants = ["one assistant", "bare loop", "one after the other"];
  const goal = `at least 90 % of llama.cpp in a bare loop with as many sequences (here ${loaded.sequences.size} at most), at 8`;
  return [
    { title: "Conversations at once: replies", goal, compare: "ratio", contestants, rows: replies },
    { title: "A burst", goal: ORIGINAL, compare: "ratio", contestants, rows: [burst] },
    { title: "Conversations at once: tokens", compare: "ratio", contestants, rows: tokens },
    { title: `Processor time of a reply, ${WATCHED} conversations at once`, compare: "ratio", contestants: contestants.slice(0, 2), rows: use },
  ];
}

/** Each has said something already: a new chat's first message also asks where its partition is. */
async function openChats(bench: Bench, env: NodeJS.ProcessEnv, count: number): Promise<Chat[]> {
  const chats = await Promise.all(Array.from({ length: count }, async () => bench.own(await openChat({ settings: readSettings(env) }))));
  await answerAll(chats.map(() => QUESTIONS[0] as string), chats.map(askThroughKafka));
  return chats;
}

/** Seconds of CPU of each process so far; 0 where that cannot be told. */
function cpuOf(pids: (number | undefined)[]): Promise<number[]> {
  return Promise.all(pids.map(async (pid) => (pid === undefined ? 0 : await cpuSeconds(pid) ?? 0)));
}

function askThroughKafka(chat: Chat): Ask {
  return async (question) => {
    const { error, text, timings } = await chat.say(question);
    if (error !== undefined) throw new Error(`No reply to "${question}": ${text}`);
    return Number(timings["replyTokens"]);
  };
}

/** Each asker takes the next question as soon as it has its reply. */
async function answerAll(questions: string[], askers: Ask[]): Promise<Speed> {
  const started = performance.now();
  const left = [...questions];
  let tokens = 0;
  await Promise.all(askers.map(async (ask) => {
    for (let question = left.shift(); question !== undefined; question = left.shift()) {
      const count = await ask(question);
      tokens += count;
    }
  }));
  return { replies: questions.length, tokens, seconds: (performance.now() - started) / 1000 };
}
