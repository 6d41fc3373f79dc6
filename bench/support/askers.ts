import { type Chat, openChat, readSettings } from "kafka-llm-chat";
import type { Bench } from "./Bench.js";
import { QUESTIONS } from "./questions.js";
import type { Speed } from "./rawLlama.js";

/** Answers a question; resolves with the number of tokens of the reply. */
export type Ask = (question: string) => Promise<number>;

/** So many people, each in a conversation that has begun: a new chat's first message also asks where its partition is. */
export async function askThroughKafka(bench: Bench, env: NodeJS.ProcessEnv, people: number): Promise<Ask[]> {
  const chats = await Promise.all(Array.from({ length: people }, async () => bench.own(await openChat({ settings: readSettings(env) }))));
  const asks = chats.map(askIn);
  await answerAll(chats.map(() => QUESTIONS[0] as string), asks);
  return asks;
}

function askIn(chat: Chat): Ask {
  return async (question) => {
    const { error, text, timings } = await chat.say(question);
    if (error !== undefined) throw new Error(`No reply to "${question}": ${text}`);
    return Number(timings["replyTokens"]);
  };
}

/** Each asker takes the next question as soon as it has its reply. */
export async function answerAll(questions: string[], askers: Ask[]): Promise<Speed> {
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
