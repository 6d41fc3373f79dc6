import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { kafkaPids, stopUnkept } from "kafka-llm-chat/internal/kafka/findKafka.js";
import { describeDevice } from "kafka-llm-chat/internal/model/loadLlama.js";
import { SetupError } from "./bootstrap/stage.mjs";
import { nextSignal } from "./nextSignal.js";
import { notebookFiles } from "./notebooks/check.js";
import { readNotebook, sourceOf, writeNotebook } from "./notebooks/Notebook.js";
import { type Context, readContext } from "./stages/context.js";
import { compareOutputs } from "./walkthrough/compareOutputs.js";
import { runNotebook, type RunOptions } from "./walkthrough/runNotebook.js";
import { updateOutputs } from "./walkthrough/updateOutputs.js";

const HELP = `npm run walkthrough [-- [--update] [--cell-limit SECONDS] [NOTEBOOK...]]

Runs the notebooks from top to bottom, headless, each in a fresh kernel, and compares what their cells show with what is
committed. Executed copies, also as HTML: .state/walkthrough/. Ends with 1 when a cell failed or shows something else.

  NOTEBOOK               a name such as 4-chat, or the path of an .ipynb file; default: all, in their order
  --update               puts the outputs into the notebooks, to be committed, instead of comparing them
  --cell-limit SECONDS   longest time for one cell; default: 600, or two hours where LLAMA_CUDA=build compiles
  --help                 this text`;

/**
 * `npm run walkthrough`.
 * @returns the exit code: 0, 1 when a notebook failed, 130 when it was interrupted
 */
export async function main(argv: string[]): Promise<number> {
  const options = parse(argv);
  if (options === undefined) {
    console.log(HELP);
    return 0;
  }
  const context = readContext();
  const output = path.join(context.state, "walkthrough");
  const stopped = nextSignal();
  const exactModel = await saysWhatIsCommitted(context);
  const kafkaBefore = await kafkaPids(context.state);
  let failures = 0;
  try {
    for (const file of options.files) {
      const run = { ...options, exactModel, output, signal: stopped.signal };
      if (!(await walk(context, file, run))) failures++;
    }
  } catch (error) {
    if (!stopped.signal.aborted) throw error;
    console.error("Interrupted: the kernels have been stopped");
    return 130;
  } finally {
    // The notebooks leave their broker running; whoever ran one before keeps it.
    await stopUnkept({ except: kafkaBefore });
  }
  console.log(`${failures === 0 ? "All ran without an error" : `${failures} of ${options.files.length} failed`}; executed copies and HTML: ${path.relative(process.cwd(), output)}`);
  return failures === 0 ? 0 : 1;
}

/** Runs one notebook and tells how it went. @returns whether all is as it should be */
async function walk(context: Context, file: string, { update, exactModel, ...options }: RunOptions & { update: boolean; exactModel: boolean }): Promise<boolean> {
  const name = path.basename(file, ".ipynb");
  const started = performance.now();
  const committed = readNotebook(file);
  const { executed, failed } = await runNotebook(context, file, options);
  const problems: [number, string][] = failed === undefined ? [] : [[failed.cell, `failed:\n${failed.error}`]];
  if (failed === undefined) {
    committed.cells.forEach((cell, index) => {
      const problem = compareOutputs(update ? executed.cells[index]! : cell, executed.cells[index]!, { exactModel });
      if (cell.cell_type === "code" && problem !== undefined) problems.push([index, problem]);
    });
  }
  for (const [index, problem] of problems) console.error(`${name}, cell ${index + 1}: ${problem}\nThe cell:\n${indent(sourceOf(committed.cells[index]!))}\n`);
  if (problems.length === 0 && update) writeNotebook(file, updateOutputs(committed, executed));
  console.log(`${name.padEnd(24)}${problems.length === 0 ? (update ? "updated" : "ok") : "FAILED"}  ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return problems.length === 0;
}

/** The committed replies are the embedded model's, with its own settings, on a CPU; elsewhere arithmetic rounds otherwise, and may choose other words. */
async function saysWhatIsCommitted({ settings }: Context): Promise<boolean> {
  if (settings.chatModel !== "marvin" || settings.chatSequences !== undefined || process.platform !== "linux" || process.arch !== "x64") return false;
  return (await describeDevice()).backend === "cpu";
}

const indent = (text: string) => text.replace(/^/gm, "    ");

function parse(argv: string[]): { files: string[]; update: boolean; cellLimit: number } | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: argv, allowPositionals: true,
      options: { update: { type: "boolean" }, "cell-limit": { type: "string" }, help: { type: "boolean" } },
    });
    if (values.help === true) return undefined;
    const limit = values["cell-limit"];
    const cellLimit = limit === undefined ? (process.env["LLAMA_CUDA"] === "build" ? 7_200 : 600) : Number(limit);
    if (!Number.isInteger(cellLimit) || cellLimit < 1) throw new Error(`--cell-limit ${limit ?? ""}: a limit is a whole number of seconds`);
    return { files: positionals.length === 0 ? notebookFiles() : positionals.map(findNotebook), update: values.update === true, cellLimit };
  } catch (error) {
    throw new SetupError(`${(error as Error).message}\n\n${HELP}`);
  }
}

function findNotebook(name: string): string {
  const known = notebookFiles().find((file) => path.basename(file, ".ipynb") === path.basename(name, ".ipynb"));
  if (name.endsWith(".ipynb") && fs.existsSync(name)) return path.resolve(name);
  if (known !== undefined) return known;
  throw new Error(`There is no notebook "${name}"; there are ${notebookFiles().map((file) => path.basename(file, ".ipynb")).join(", ")}`);
}
