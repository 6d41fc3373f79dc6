import { loadModel, openChat, readSettings, startAssistantProcess } from "kafka-llm-chat";
import type { Bench } from "../support/Bench.js";
import { QUESTIONS } from "../support/questions.js";
import type { Result } from "../support/Result.js";

const TURNS = 40;

/** Point 4: prompt tokens that a turn of a long conversation evaluates, against its whole prompt, which it evaluates where no sequence is kept. */
export async function measureCache(bench: Bench): Promise<Result[]> {
  const env = bench.environment();
  bench.own(await startAssistantProcess({ env }));
  const chat = bench.own(await openChat({ settings: readSettings(env) }));
  const loaded = await loadModel({ model: readSettings(env).chatModel });
  bench.later(() => loaded.dispose());
  const evaluated: number[] = [];
  const whole: number[] = [];
  const message: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    if (turn % 10 === 0) bench.progress(`turn ${turn + 1} of ${TURNS}`);
    const question = QUESTIONS[turn % QUESTIONS.length] as string;
    const { timings, error, text } = await chat.say(question);
    if (error !== undefined) throw new Error(`No reply to "${question}": ${text}`);
    // What comes into the prompt for the message alone: its text and what the template puts around it.
    message.push(loaded.prompts.encode([{ role: "user", content: question }]).tokens.length);
    evaluated.push(Number(timings["promptTokensEvaluated"]));
    whole.push(Number(timings["promptTokensEvaluated"]) + Number(timings["promptTokensReused"]));
  }
  return [{
    title: `Prompt tokens evaluated a turn, ${TURNS} turns`, goal: "little more than the new message", compare: "ratio",
    contestants: ["sequence kept", "whole prompt"],
    rows: [
      { name: "turn (median)", unit: "tokens", values: [evaluated, whole], headline: true },
      { name: "the message alone (median)", unit: "tokens", values: [message] },
      { name: "all turns", unit: "tokens", values: [[sum(evaluated)], [sum(whole)]] },
    ],
  }];
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
