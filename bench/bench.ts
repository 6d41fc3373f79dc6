import { mkdir, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { catalogue, kafkaRelease, readSettings } from "kafka-llm-chat";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { measureCache } from "./measure/cache.js";
import { measureFailure } from "./measure/failure.js";
import { measureScale } from "./measure/scale.js";
import { measureStart } from "./measure/start.js";
import { measureThroughput } from "./measure/throughput.js";
import { measureTurns } from "./measure/turns.js";
import { measureWorkers } from "./measure/workers.js";
import { Bench } from "./support/Bench.js";
import { drawResult } from "./support/draw.js";
import { renderResult } from "./support/render.js";
import type { Result } from "./support/Result.js";

const MEASUREMENTS: Record<string, (bench: Bench) => Promise<Result[]>> = {
  turns: measureTurns, throughput: measureThroughput, cache: measureCache, scale: measureScale, workers: measureWorkers, failure: measureFailure, start: measureStart,
};

const HELP = `Usage: npm run bench [-- [--only ${Object.keys(MEASUREMENTS).join(",")}] [--rounds N] [--long] [--out FOLDER]]

  What Kafka costs: the same questions to the same model with and without it, side by side in one run, the order changed from
  round to round; and how the chat grows, fails over and starts. A broker of its own, unless KAFKA_BROKERS is set.
  Writes tables (README.md), raw results (results.json) and pictures (SVG). A quiet machine tells more.

  --only A,B     only these measurements
  --rounds N     default 5
  --long         also a million messages, and every set-up as often as the rest
  --out FOLDER   default docs/bench
`;

/** `npm run bench`. @returns The exit code. */
export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: { help: { type: "boolean", short: "h" }, only: { type: "string" }, rounds: { type: "string", default: "5" }, long: { type: "boolean", default: false }, out: { type: "string" } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const names = values.only?.split(",") ?? Object.keys(MEASUREMENTS);
  const rounds = Number(values.rounds);
  const unknown = names.find((name) => !Object.hasOwn(MEASUREMENTS, name));
  if (unknown !== undefined || !(Number.isInteger(rounds) && rounds > 0)) {
    console.error(unknown === undefined ? `--rounds is "${values.rounds}", but it is a whole number above 0` : `There is no measurement "${unknown}"`);
    console.error(HELP);
    return 2;
  }
  const folder = path.resolve(values.out ?? path.join(repositoryRoot, "docs", "bench"));
  const interrupted = new Promise<never>((_, reject) => process.once("SIGINT", () => reject(new Error("interrupted"))));
  const bench = await Bench.open({ rounds, long: values.long });
  const results: Record<string, Result[]> = {};
  try {
    for (const name of names) {
      console.log(`${name} ...`);
      const found = await Promise.race([bench.run(MEASUREMENTS[name] as (bench: Bench) => Promise<Result[]>), interrupted]);
      for (const result of found) console.log(`\n${renderResult(result)}`);
      results[name] = found;
    }
    await write(folder, results, rounds);
    console.log(`Written to ${folder}`);
    return 0;
  } finally {
    await bench.close();
  }
}

async function write(folder: string, results: Record<string, Result[]>, rounds: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const where = await machine();
  const parts = [`# What \`npm run bench\` measured\n\n${where}. ${rounds} rounds; medians, and from least to most.\n`];
  for (const [name, list] of Object.entries(results)) {
    for (const [index, result] of list.entries()) {
      const picture = `${name}-${index + 1}.svg`;
      await writeFile(path.join(folder, picture), `${drawResult(result)}\n`);
      parts.push(renderResult(result), `![${result.title}](${picture})\n`);
    }
  }
  await writeFile(path.join(folder, "results.json"), `${JSON.stringify({ machine: where, rounds, results }, null, 1)}\n`);
  await writeFile(path.join(folder, "README.md"), parts.join("\n"));
}

async function machine(): Promise<string> {
  const model = readSettings().chatModel;
  const gigabytes = Math.round(os.totalmem() / 1024 ** 3);
  return `${os.cpus().length} × ${os.cpus()[0]?.model.trim() ?? "unknown processor"}, ${gigabytes} GB, ${os.type()}, Node ${process.versions.node}, Kafka ${(await kafkaRelease("kraft")).version}, ${catalogue.find(({ name }) => name === model)?.title ?? path.basename(model)}`;
}
