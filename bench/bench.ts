import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { markdownTable, readSettings } from "kafka-llm-chat";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { measureCache } from "./measure/cache.js";
import { measureDepth } from "./measure/depth.js";
import { measureFailure } from "./measure/failure.js";
import { measureScale } from "./measure/scale.js";
import { measureStart } from "./measure/start.js";
import { measureThroughput } from "./measure/throughput.js";
import { measureTurns } from "./measure/turns.js";
import { measureWorkers } from "./measure/workers.js";
import { Bench } from "./support/Bench.js";
import { describeMachine } from "./support/machine.js";
import { readProfiles } from "./support/readProfiles.js";
import { renderResult } from "./support/render.js";
import { fillReadme, readReport, type Report, writeReport } from "./support/Report.js";
import type { Result } from "./support/Result.js";

const MEASUREMENTS: Record<string, (bench: Bench) => Promise<Result[]>> = {
  turns: measureTurns, throughput: measureThroughput, depth: measureDepth, cache: measureCache, scale: measureScale, workers: measureWorkers, failure: measureFailure, start: measureStart,
};

const HELP = `Usage: npm run bench [-- [--only ${Object.keys(MEASUREMENTS).join(",")}] [--rounds N] [--long] [--profile] [--out FOLDER]]
       npm run bench -- --readme [--out FOLDER]

  What Kafka costs: the same questions to the same model with and without it, side by side in one run, the order changed from
  round to round; and how the chat grows, fails over and starts. A broker of its own, unless KAFKA_BROKERS is set.
  Writes tables (README.md), raw results (results.json) and pictures (SVG) after each measurement, over those of the run before.
  A quiet machine tells more. Ctrl+C stops everything that was started.

  --only A,B     only these measurements
  --rounds N     default 5
  --long         also a million messages, and every set-up as often as the rest
  --profile      CPU profiles of the assistants of turns and throughput: where their time went, and files for a browser's developer
                 tools in .state/bench/profile. Makes them slower
  --out FOLDER   default docs/bench; with --only or --profile, which tell less, .state/bench/results
  --readme       measures nothing: puts the table of FOLDER/results.json into this repository's README.md
`;

/** `npm run bench`. @returns 0; 1 when a measurement failed, 2 for wrong usage, 130 when it was interrupted. */
export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      help: { type: "boolean", short: "h" }, only: { type: "string" }, rounds: { type: "string", default: "5" }, long: { type: "boolean", default: false },
      profile: { type: "boolean", default: false }, out: { type: "string" }, readme: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const names = values.only?.split(",") ?? Object.keys(MEASUREMENTS);
  const rounds = Number(values.rounds);
  const unknown = names.find((name) => !Object.hasOwn(MEASUREMENTS, name));
  if (unknown !== undefined || !/^[1-9]\d*$/.test(values.rounds)) {
    console.error(unknown === undefined ? `--rounds is "${values.rounds}", but it is a whole number above 0` : `There is no measurement "${unknown}"`);
    console.error(HELP);
    return 2;
  }
  const whole = path.join(repositoryRoot, "docs", "bench");
  const partial = !values.readme && (values.only !== undefined || values.profile);
  const folder = path.resolve(values.out ?? (partial ? path.join(readSettings().stateDirectory, "bench", "results") : whole));
  if (values.readme) {
    const file = path.join(repositoryRoot, "README.md");
    await writeFile(file, fillReadme(await readFile(file, "utf8"), await readReport(folder), path.relative(repositoryRoot, folder).split(path.sep).join("/")));
    return 0;
  }
  const profile = values.profile ? path.join(readSettings().stateDirectory, "bench", "profile", new Date().toISOString().replaceAll(":", "-")) : undefined;
  const code = await measure(names, { rounds, long: values.long, folder, profile });
  if (profile !== undefined) await tellProfile(profile);
  return code;
}

async function measure(names: string[], { rounds, long, folder, profile }: { rounds: number; long: boolean; folder: string; profile: string | undefined }): Promise<number> {
  const interrupted = untilInterrupted();
  let measurement = "";
  const report: Report = { machine: await describeMachine(), rounds, long, results: {} };
  const onProgress = (line: string): void => console.error(`  ${measurement}: ${line}`);
  const bench = await Bench.open({ rounds, long, onProgress, ...(profile === undefined ? {} : { profile }) });
  let failed = 0;
  try {
    for (measurement of names) {
      onProgress("begins");
      const found = await Promise.race([bench.run(MEASUREMENTS[measurement] as (bench: Bench) => Promise<Result[]>), interrupted]).catch((error: unknown) => error as Error);
      if (found === undefined) {
        console.error("Interrupted: what was started is being stopped");
        return 130;
      }
      if (found instanceof Error) {
        // The others are worth having all the same.
        failed += 1;
        console.error(`${measurement} failed: ${found.message}`);
        continue;
      }
      for (const result of found) console.log(`\n${renderResult(result)}`);
      report.results[measurement] = found;
      await writeReport(folder, report);
    }
    console.log(failed < names.length ? `Written to ${folder}` : "Nothing was measured");
    return failed === 0 ? 0 : 1;
  } finally {
    await bench.close();
  }
}

/** Resolves at the first SIGINT or SIGTERM. Later ones have no effect: under npm, one Ctrl+C arrives twice. */
function untilInterrupted(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => resolve(undefined));
  });
}

async function tellProfile(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const rows = await readProfiles(folder);
  console.log(rows.length === 0 ? "No profile was made: only turns and throughput make them" : `\nWhere the assistants' time went\n\n${markdownTable(rows)}\n\nProfiles: ${folder}`);
}
