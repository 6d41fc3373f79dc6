import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { catalogue, type Chat, ChatNodeLlamaCpp, loadModel, openChat, PERSONA, readSettings } from "kafka-llm-chat";
import type { Bench } from "../support/Bench.js";
import { forgetfulAssistant } from "../support/forgetfulAssistant.js";
import { QUESTIONS } from "../support/questions.js";
import { rawLlama } from "../support/rawLlama.js";
import type { Result, Row } from "../support/Result.js";

const AT_ONCE = [1, 2, 4, 8, 16, 32];

/** Point 3: many conversations and one assistant, against llama.cpp in a bare loop, and against one question after the other. */
export async function measureThroughput(bench: Bench): Promise<Result[]> {
  const env = bench.environment();
  const loaded = await loadModel({ model: readSettings(env).chatModel });
  bench.later(() => loaded.dispose());
  const model = new ChatNodeLlamaCpp({ model: loaded });
  const raw = bench.own(await rawLlama(loaded.path, { contextSize: loaded.contextSize, threads: catalogue.find(({ name }) => name === loaded.name)?.threads }));
  bench.own(await forgetfulAssistant(env));
  const chats: Chat[] = [];
  while (chats.length < Math.max(...AT_ONCE)) chats.push(bench.own(await openChat({ settings: readSettings(env) })));
  const rows: Row[] = AT_ONCE.map((atOnce) => ({ name: `${atOnce} at once`, unit: "replies/s", values: [[], [], []] }));
  for (let round = -1; round < bench.options.rounds; round++) {
    for (const [index, atOnce] of AT_ONCE.entries()) {
      const questions = Array.from({ length: Math.max(24, 4 * atOnce) }, (_, at) => QUESTIONS[at % QUESTIONS.length] as string);
      const sequences = Math.min(atOnce, loaded.sequences.size);
      const ways = [
        () => repliesPerSecond(questions, chats.slice(0, atOnce).map((chat) => (question) => chat.say(question))),
        async () => {
          const { replies, seconds } = await raw.run(questions, sequences);
          return replies / seconds;
        },
        () => repliesPerSecond(questions, [(question) => model.invoke([new SystemMessage(PERSONA), new HumanMessage(question)])]),
      ];
      const order = ways.map((_, at) => (at + Math.abs(round)) % ways.length);
      for (const way of order) {
        const value = await (ways[way] as () => Promise<number>)();
        if (round >= 0) rows[index]?.values[way]?.push(value);
      }
    }
  }
  return [{
    title: "Conversations at once", goal: "at least 90 % of llama.cpp in a bare loop with the same number of sequences, at 8", compare: "ratio",
    contestants: ["one assistant", "bare loop", "one after the other"], rows,
  }];
}

async function repliesPerSecond(questions: string[], askers: ((question: string) => Promise<unknown>)[]): Promise<number> {
  const started = performance.now();
  const left = [...questions];
  await Promise.all(askers.map(async (ask) => {
    for (let question = left.shift(); question !== undefined; question = left.shift()) await ask(question);
  }));
  return questions.length / ((performance.now() - started) / 1000);
}
