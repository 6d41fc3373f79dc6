import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { openChat, loadModel, readSettings } from "kafka-llm-chat";
import { answerAll, askThroughKafka } from "../support/askers.js";
import type { Bench } from "../support/Bench.js";
import { writeDeeperModel } from "../support/deeperModel.js";
import { forgetfulAssistant } from "../support/forgetfulAssistant.js";
import { orderOf } from "../support/orderOf.js";
import { QUESTIONS } from "../support/questions.js";
import { rawLlama } from "../support/rawLlama.js";
import type { Result, Row } from "../support/Result.js";
import { kafkaTurn } from "../support/turns.js";

/** How many times as many blocks as the model has: all say the same. */
const TIMES = [1, 4, 16];
const AT_ONCE = 8;
const QUESTIONS_AT_ONCE = 32;

interface Found {
  replies: Row;
  generation: Row;
}

/** Points 2 and 3 again with models that say the same and take longer: what Kafka costs is a time, not a share. */
export async function measureDepth(bench: Bench): Promise<Result[]> {
  const folder = path.join(readSettings().stateDirectory, "bench", randomUUID());
  await mkdir(folder, { recursive: true });
  bench.later(() => rm(folder, { recursive: true, force: true }));
  const found: Found[] = [];
  for (const times of TIMES) found.push(await bench.run(() => measureOne(bench, folder, times)));
  return [
    {
      title: `${AT_ONCE} conversations at once, with models that take longer`, goal: "at least 90 % of llama.cpp in a bare loop with as many sequences", compare: "ratio",
      contestants: ["one assistant", "bare loop"], rows: found.map(({ replies }) => replies),
    },
    {
      title: "What streaming costs, with models that take longer", goal: "at least 99 % of the speed of generation", compare: "ratio",
      contestants: ["streamed", "in one piece"], rows: found.map(({ generation }) => generation),
    },
  ];
}

async function measureOne(bench: Bench, folder: string, times: number): Promise<Found> {
  const name = `${times} times the blocks`;
  const file = path.join(folder, `${times}.gguf`);
  const embedded = await loadModel({ model: readSettings().chatModel });
  await embedded.dispose();
  await writeDeeperModel(embedded.path, file, times);
  const model = await loadModel({ model: file });
  bench.later(() => model.dispose());
  const raw = bench.own(await rawLlama(model, undefined));
  const env = { ...bench.environment(), CHAT_MODEL: file };
  const wholeEnv = { ...bench.environment(), CHAT_MODEL: file };
  bench.own(await forgetfulAssistant({ env }));
  bench.own(await forgetfulAssistant({ env: wholeEnv, kind: "whole" }));
  const chats = await Promise.all([env, wholeEnv].map(async (one) => bench.own(await openChat({ settings: readSettings(one) }))));
  const questions = Array.from({ length: QUESTIONS_AT_ONCE }, (_, at) => QUESTIONS[at % QUESTIONS.length] as string);
  const replies: number[][] = [[], []];
  const generation: number[][] = [[], []];
  const ways = [
    () => bench.run(async () => answerAll(questions, await askThroughKafka(bench, env, AT_ONCE))),
    () => bench.run(async () => bench.own(await raw.open(Math.min(AT_ONCE, model.sequences.size))).answer(questions)),
  ];
  for (let round = -1; round < bench.options.rounds; round++) {
    bench.progress(`${name}: ${round < 0 ? "warming up" : `round ${round + 1} of ${bench.options.rounds}`}`);
    for (const way of orderOf([...ways.keys()], round + 1)) {
      const speed = await (ways[way] as () => ReturnType<typeof answerAll>)();
      if (round >= 0) replies[way]?.push(speed.replies / speed.seconds);
    }
    for (const question of QUESTIONS) {
      for (const way of orderOf([...chats.keys()], round + 1)) {
        const { tokensPerSecond } = await kafkaTurn(chats[way] as (typeof chats)[number], question);
        if (round >= 0) generation[way]?.push(tokensPerSecond ?? Number.NaN);
      }
    }
  }
  return { replies: { name, unit: "replies/s", values: replies, headline: true }, generation: { name, unit: "tokens/s", values: generation, headline: true } };
}
