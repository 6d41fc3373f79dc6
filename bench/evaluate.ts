import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { catalogue, type CatalogueEntry, ChatNodeLlamaCpp, type LoadedModel, loadModel, originalSampling } from "kafka-llm-chat";
import { readFacts } from "./evaluate/facts.js";
import { readHeldOut } from "./evaluate/heldOut.js";
import { loops, wordsOf } from "./evaluate/judge.js";
import { tokensPerSecond } from "./evaluate/speed.js";
import { type Outcome, trials } from "./evaluate/trials.js";

const USAGE = `npm run evaluate -- [--model NAME or PATH] [--sampling greedy|original] [--seeds 5] [--first-seed 1] [--json FILE] [--show]

How well the model answers: the questions of models/data/held-out, recall, follow-ups, declines, speed.
  --sampling original  with the original walkthrough's temperature 0.7, top_p 0.95, top_k 150 and repeat penalty 1.2
  --seeds 5            how often, each time with another seed (default: 1, with the original sampling 5)
  --first-seed 1       where the seeds begin: so that several processes can share them
  --json FILE          writes every dialogue and its verdict
  --show               prints what went wrong`;

/** This file runs as .state/build/bench/evaluate.js. */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const TINY = 64 * 1024 ** 2;

interface Row {
  name: string;
  right: number;
  wrong: number;
  declined: number;
}

export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: { model: { type: "string" }, sampling: { type: "string", default: "greedy" }, seeds: { type: "string" }, "first-seed": { type: "string", default: "1" }, json: { type: "string" }, show: { type: "boolean" }, help: { type: "boolean" } },
  });
  const original = values.sampling === "original";
  const seeds = Number(values.seeds ?? (original ? 5 : 1));
  const firstSeed = Number(values["first-seed"]);
  if (values.help === true || !(original || values.sampling === "greedy") || !(seeds >= 1) || !Number.isInteger(firstSeed)) {
    console.log(USAGE);
    return values.help === true ? 0 : 2;
  }
  const data = path.join(root, "models", "data");
  const [facts, heldOut] = [await readFacts(path.join(data, "facts")), await readHeldOut(data)];
  const spec = values.model === undefined ? undefined : await asTiny(values.model);
  const started = performance.now();
  const loaded = await loadModel(spec === undefined ? {} : { model: spec });
  const loadMs = performance.now() - started;
  try {
    const model = new ChatNodeLlamaCpp({ model: loaded, ...(original ? originalSampling : { temperature: 0, repeatPenalty: 1 }) });
    const speed = await tokensPerSecond(model);
    const outcomes: (Outcome & { seed: number })[] = [];
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const found = await Promise.all(trials(model, facts, heldOut, seed).map((run) => run()));
      outcomes.push(...found.map((outcome) => ({ ...outcome, seed })));
      if (seeds > 1) console.log(`seed ${seed} done, ${firstSeed + seeds - 1 - seed} to go`);
    }
    const table = [...rowsOf(outcomes), ...await textRows(outcomes)];
    const properties = await propertiesOf(loaded, { loadMs, speed, sampling: original ? `the original's, ${seeds} seeds` : "greedy" });
    console.log(format(table, [...properties, ["left out", `${heldOut.leftOut} held-out questions that stand in the training data, too`]]));
    if (values.show === true) show(outcomes);
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify({ model: loaded.path, sha256: loaded.sha256, sampling: model.sampling, leftOut: heldOut.leftOut, table, outcomes }, null, 1));
    return 0;
  } finally {
    await loaded.dispose();
  }
}

/** A small file gets the settings of the embedded model, which llama.cpp would not guess: one thread, eight sequences. */
async function asTiny(spec: string): Promise<string> {
  const found = await stat(spec).catch(() => undefined);
  const [embedded] = catalogue;
  if (embedded === undefined || found?.isFile() !== true || found.size > TINY) return spec;
  const name = `evaluated ${path.basename(spec)}`;
  (catalogue as CatalogueEntry[]).push({ ...embedded, name, source: { kind: "path", path: path.resolve(spec) }, sizeBytes: found.size, sha256: undefined, contextSize: 1024 });
  return name;
}

/** Shares by row, in the order of appearance; recall also over all kinds of values. */
function rowsOf(outcomes: Outcome[]): Row[] {
  const rows = new Map<string, Row>();
  for (const { row, verdict } of outcomes) {
    for (const name of row.startsWith("recall") ? [row.replace(/of a \w+/, "of all"), row] : [row]) {
      const counted = rows.get(name) ?? { name, right: 0, wrong: 0, declined: 0 };
      counted[verdict]++;
      rows.set(name, counted);
    }
  }
  return [...rows.values()].sort((a, b) => Number(a.name.startsWith("recall of a ")) - Number(b.name.startsWith("recall of a ")));
}

/** How the replies end, and whether they are made of words that stand in our texts or were said before. */
async function textRows(outcomes: Outcome[]): Promise<Row[]> {
  const files = ["train/knowledge.py", "train/slots.py"].map((name) => path.join(root, "models", name));
  const folder = path.join(root, "models", "data", "facts");
  files.push(...(await readdir(folder)).filter((name) => name.endsWith(".md")).map((name) => path.join(folder, name)));
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  const known = new Set(texts.flatMap(wordsOf));
  const replies = outcomes.flatMap(({ said }) => said);
  const row = (name: string, good: (reply: (typeof replies)[number]) => boolean): Row => {
    const right = replies.filter(good).length;
    return { name, right, wrong: replies.length - right, declined: 0 };
  };
  return [
    row("replies that end by themselves", ({ ended }) => ended),
    row("replies without a loop", ({ reply }) => !loops(reply)),
    row("replies of whole words only", ({ reply, question, earlier }) => {
      const heard = new Set([question, ...earlier].flatMap(wordsOf));
      return wordsOf(reply).every((word) => known.has(word) || heard.has(word));
    }),
  ];
}

async function propertiesOf(loaded: LoadedModel, { loadMs, speed, sampling }: { loadMs: number; speed: number; sampling: string }): Promise<[string, string][]> {
  const { size } = await stat(loaded.path);
  return [
    ["model", path.basename(loaded.path)], ["SHA-256", loaded.sha256], ["sampling", sampling], ["file size", `${(size / 1e6).toFixed(2)} MB`],
    ["load time", `${loadMs.toFixed(0)} ms`], ["tokens/s, one conversation", speed.toFixed(0)], ["context", `${loaded.contextSize} tokens`],
  ];
}

function format(rows: Row[], properties: [string, string][]): string {
  const share = (count: number, row: Row): string => `${(100 * count / (row.right + row.wrong + row.declined)).toFixed(1)} %`.padStart(8);
  const width = Math.max(...rows.map(({ name }) => name.length));
  return [
    ...properties.map(([name, value]) => `${name.padEnd(width)}  ${value}`), "",
    `| ${"".padEnd(width)} |    right | declined |    wrong |     of |`, `| ${"-".repeat(width)} | -------: | -------: | -------: | -----: |`,
    ...rows.map((row) => `| ${row.name.padEnd(width)} | ${share(row.right, row)} | ${share(row.declined, row)} | ${share(row.wrong, row)} | ${String(row.right + row.wrong + row.declined).padStart(6)} |`),
  ].join("\n");
}

function show(outcomes: Outcome[]): void {
  for (const { row, verdict, expected, said } of outcomes) {
    if (verdict === "right") continue;
    console.log(`\n${row}: ${verdict}, expected ${expected}`);
    for (const { question, reply } of said) console.log(`  > ${question}\n    ${reply}`);
  }
}
