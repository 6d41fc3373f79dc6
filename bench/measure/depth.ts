import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { catalogue, type CatalogueEntry, type Chat, loadModel, openChat, readSettings } from "kafka-llm-chat";
import { resolveModel } from "kafka-llm-chat/internal/model/resolveModel.js";
import { answerAll, askThroughKafka } from "../support/askers.js";
import type { Bench } from "../support/Bench.js";
import { writeDeeperModel } from "../support/deeperModel.js";
import { forgetfulAssistant } from "../support/forgetfulAssistant.js";
import { orderOf } from "../support/orderOf.js";
import { manyQuestions, QUESTIONS } from "../support/questions.js";
import { rawLlama, type Speed } from "../support/rawLlama.js";
import type { Result, Row } from "../support/Result.js";
import { kafkaTurn } from "../support/turns.js";

/** How many times as many blocks as the model has: all say the same. */
const TIMES = [1, 4, 16];
const AT_ONCE = 8;
const QUESTIONS_AT_ONCE = 32;
const EMBEDDED = catalogue.find(({ name }) => name === "marvin") as CatalogueEntry;

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
  const { path: embedded } = await resolveModel(EMBEDDED.name);
  const file = path.join(folder, `${times}.gguf`);
  await writeDeeperModel(embedded, file, times);
  bench.progress(`${name}: at once`);
  const replies = await bench.run(() => measureAtOnce(bench, file));
  bench.progress(`${name}: streaming`);
  const generation = await bench.run(() => measureStreaming(bench, file));
  return { replies: { name, unit: "replies/s", values: replies, headline: true }, generation: { name, unit: "tokens/s", values: generation, headline: true } };
}

async function measureAtOnce(bench: Bench, file: string): Promise<number[][]> {
  const { threads, sequences, sampling } = EMBEDDED;
  const model = await loadModel({ model: file, threads, sequences });
  bench.later(() => model.dispose());
  const raw = bench.own(await rawLlama(model, threads, sampling));
  const env = { ...bench.environment(), CHAT_MODEL: file };
  bench.own(await forgetfulAssistant({ env, like: EMBEDDED.name }));
  const questions = manyQuestions(QUESTIONS_AT_ONCE);
  const ways = [
    async () => answerAll(questions, await askThroughKafka(bench, env, AT_ONCE)),
    async () => bench.own(await raw.open(AT_ONCE)).answer(questions),
  ];
  const values: number[][] = ways.map(() => []);
  // The first round loads code and connections.
  for (let round = -1; round < bench.options.rounds; round++) {
    for (const way of orderOf([...ways.keys()], round + 1)) {
      const speed = await bench.run(ways[way] as () => Promise<Speed>);
      if (round >= 0) values[way]?.push(speed.replies / speed.seconds);
    }
  }
  return values;
}

async function measureStreaming(bench: Bench, file: string): Promise<number[][]> {
  const chats = await Promise.all((["streamed", "whole"] as const).map(async (kind) => {
    const env = { ...bench.environment(), CHAT_MODEL: file };
    bench.own(await forgetfulAssistant({ env, kind, like: EMBEDDED.name }));
    return bench.own(await openChat({ settings: readSettings(env) }));
  }));
  const values: number[][] = chats.map(() => []);
  // The first round loads code and connections.
  for (let round = -1; round < bench.options.rounds; round++) {
    for (const question of QUESTIONS) {
      for (const way of orderOf([...chats.keys()], round + 1)) {
        const { tokensPerSecond } = await kafkaTurn(chats[way] as Chat, question);
        if (round >= 0) values[way]?.push(tokensPerSecond ?? Number.NaN);
      }
    }
  }
  return values;
}
