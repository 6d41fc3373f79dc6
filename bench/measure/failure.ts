import { type AssistantProcess, openChat, readSettings, startAssistantProcess } from "kafka-llm-chat";
import type { Bench } from "../support/Bench.js";
import type { Result } from "../support/Result.js";

/** Tokens a second. */
const PACE = 20;
/** The same where a reply is cancelled. */
const CANCEL_PACE = 50;
const QUESTION = "What is a consumer group?";
/** The call comes at some time between two pieces, which travel every 50 ms: right after one it would have the longest time to arrive before the next. */
const BETWEEN_PIECES_MS = 50;
/** Of startAssistant(), in seconds. */
const SESSION_TIMEOUT_S = 6;

/** Point 7: an assistant that is killed in mid-sentence, and a reply that is cancelled. */
export async function measureFailure(bench: Bench): Promise<Result[]> {
  const killed: number[] = [];
  const lastToken: number[] = [];
  const committed: number[] = [];
  for (let round = 0; round < bench.options.rounds; round++) {
    bench.progress(`round ${round + 1} of ${bench.options.rounds}`);
    killed.push(await bench.run(() => killOne(bench)));
    const cancel = await bench.run(() => cancelOne(bench));
    lastToken.push(cancel.lastToken);
    committed.push(cancel.committed);
  }
  return [
    { title: "kill -9 of the assistant that writes a reply", goal: `next token after at most the session timeout (${SESSION_TIMEOUT_S} s) and 2 s`, contestants: ["to the next token"], rows: [{ name: "another goes on", unit: "s", values: [killed], headline: true }] },
    {
      title: `Cancelling a reply of ${CANCEL_PACE} tokens/s`, goal: "at most 150 ms to the last token", contestants: ["after the call"],
      rows: [{ name: "last token", unit: "ms", values: [lastToken], headline: true }, { name: "committed reply", unit: "ms", values: [committed] }],
    },
  ];
}

async function killOne(bench: Bench): Promise<number> {
  const env = bench.environment();
  const assistants: AssistantProcess[] = [];
  for (const worker of ["first", "second"]) assistants.push(bench.own(await startAssistantProcess({ env, worker, pace: PACE })));
  const chat = bench.own(await openChat({ settings: readSettings(env) }));
  // Who answers: the first turn tells.
  const { worker } = await chat.say("What is a topic?");
  const victim = assistants.find((assistant) => assistant.worker === worker);
  if (victim === undefined) throw new Error(`No assistant is called ${worker ?? "(nothing)"}`);
  let killedAt = 0;
  let pieces = 0;
  let restarted = false;
  return new Promise<number>((resolve, reject) => {
    chat.say(QUESTION, {
      onText: () => {
        if (restarted) resolve((performance.now() - killedAt) / 1000);
        else if (++pieces === 5) {
          killedAt = performance.now();
          void victim.kill();
        }
      },
      onRestart: () => (restarted = true),
    }).then(() => reject(new Error(`The reply to "${QUESTION}" ended without one token after the kill`)), reject);
  });
}

async function cancelOne(bench: Bench): Promise<{ lastToken: number; committed: number }> {
  const env = bench.environment();
  bench.own(await startAssistantProcess({ env, pace: CANCEL_PACE }));
  const chat = bench.own(await openChat({ settings: readSettings(env) }));
  const cancel = new AbortController();
  let [pieces, asked, last] = [0, 0, 0];
  const { cancelled } = await chat.say(QUESTION, {
    signal: cancel.signal,
    onText: () => {
      last = performance.now();
      if (++pieces !== 5) return;
      setTimeout(() => {
        asked = performance.now();
        cancel.abort();
      }, Math.random() * BETWEEN_PIECES_MS);
    },
  });
  if (!cancelled) throw new Error(`The reply to "${QUESTION}" ended before it was cancelled`);
  return { lastToken: Math.max(0, last - asked), committed: performance.now() - asked };
}
