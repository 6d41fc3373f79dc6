import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { drawResult } from "./draw.js";
import { type Machine, machineInWords } from "./machine.js";
import { renderHeadlines, renderResult } from "./render.js";
import type { Result } from "./Result.js";

/** All that one run has measured. */
export interface Report {
  machine: Machine;
  rounds: number;
  long: boolean;
  /** By measurement. */
  results: Record<string, Result[]>;
}

const FILE = "results.json";
/** Measurements whose first picture the README shows. */
const PICTURED = [["turns", "One turn with and without Kafka"], ["throughput", "Conversations at once"]] as const;
const BEGIN = "<!-- bench: written by `npm run bench -- --readme` -->";
const END = "<!-- /bench -->";

/** Writes raw results (JSON), tables (README.md) and pictures (SVG). */
export async function writeReport(folder: string, report: Report): Promise<void> {
  await mkdir(folder, { recursive: true });
  const parts = [`# What \`npm run bench\` measured\n\n${where(report)}. Medians, and from least to most.\n`];
  for (const [name, list] of Object.entries(report.results)) {
    for (const [index, result] of list.entries()) {
      const picture = `${name}-${index + 1}.svg`;
      await writeFile(path.join(folder, picture), `${drawResult(result)}\n`);
      parts.push(renderResult(result), `![${result.title}](${picture})\n`);
    }
  }
  await writeFile(path.join(folder, FILE), `${JSON.stringify(report, null, 1)}\n`);
  await writeFile(path.join(folder, "README.md"), parts.join("\n"));
}

/** @throws Error when nothing was measured into that folder yet. */
export async function readReport(folder: string): Promise<Report> {
  const file = path.join(folder, FILE);
  const json = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new Error(`There are no results in ${file}.\n  What to do: npm run bench measures, and writes them`, { cause });
  });
  return JSON.parse(json) as Report;
}

/**
 * A README with the table of a report between its two marks, and a few of its pictures.
 * @param folder where the pictures lie, as the README names it
 * @throws Error when the marks are missing.
 */
export function fillReadme(readme: string, report: Report, folder: string): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`The README has no place for the table: a line "${BEGIN}", and below it a line "${END}"`);
  const pictures = PICTURED.filter(([name]) => report.results[name] !== undefined).map(([name, title]) => `![${title}](${folder}/${name}-1.svg)`);
  const parts = [renderHeadlines(Object.values(report.results).flat()), `Measured on ${where(report)}. Medians. [All tables and pictures](${folder}/README.md).`, ...pictures];
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${parts.join("\n\n")}\n\n${readme.slice(end)}`;
}

function where({ machine, rounds }: Report): string {
  return `${machineInWords(machine)}; ${rounds} ${rounds === 1 ? "round" : "rounds"}`;
}
