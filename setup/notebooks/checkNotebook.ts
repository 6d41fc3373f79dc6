import os from "node:os";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { type Cell, isProgress, type Notebook, outputText, sourceOf } from "./Notebook.js";

const MOST_LINES = 15;
/** What a notebook shows beside each other on a laptop, and on GitHub. */
const MOST_COLUMNS = 104;
const MOST_OUTPUT_LINES = 30;

/** What does not belong into outputs that are committed. */
const LOCAL: [RegExp, string][] = [
  [/(?<![\w.:/<~-])\/(?:home|Users|root|tmp|var|opt|private|mnt|workspace|content)\/\S+|\b[A-Z]:\\/, "a path of one machine"],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d|\b\d\d:\d\d:\d\d\b/, "a time"],
  [/\b1\d{12}\b|\b1\d{15}\b|\b1\d{18}\b/, "a timestamp"],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/i, "a UUID"],
  [/(?:Deprecation|Experimental)Warning|npm warn/i, "a warning"],
];

/**
 * What keeps a notebook from being committed.
 * @returns one line a fault, empty if there is none
 */
export function checkNotebook(notebook: Notebook): string[] {
  const { cells, metadata } = notebook;
  const faults: string[] = [];
  if (metadata.kernelspec?.name !== "tslab" || metadata.kernelspec.language !== "typescript") faults.push("the kernel is not tslab for TypeScript");
  if (cells[0]?.cell_type !== "markdown" || !/^# \S/.test(sourceOf(cells[0]))) faults.push("cell 1: a notebook begins with its title");
  cells.forEach((cell, index) => {
    if (cell.cell_type !== "code") return;
    for (const fault of codeFaults(cell, cells[index - 1])) faults.push(`cell ${index + 1}: ${fault}`);
  });
  return faults;
}

function* codeFaults(cell: Cell, before: Cell | undefined): Generator<string> {
  const lines = sourceOf(cell).split("\n").length;
  if (before?.cell_type !== "markdown") yield "no prose before it";
  if (lines > MOST_LINES) yield `${lines} lines, and at most ${MOST_LINES} are easy to read`;
  const widest = Math.max(...sourceOf(cell).split("\n").map(({ length }) => length));
  if (widest > MOST_COLUMNS) yield `a line of ${widest} characters, and at most ${MOST_COLUMNS} are seen without scrolling`;
  if (sourceOf(cell).trim() === "") yield "it is empty";
  if (cell.execution_count !== null && cell.execution_count !== undefined) yield "it has an execution count";
  yield* findLocal("its source", sourceOf(cell));
  for (const output of cell.outputs ?? []) {
    if (output.output_type === "error" || (output.output_type === "stream" && output.name === "stderr")) yield `an error or a warning is among its outputs: ${firstLine(outputText(output))}`;
    if (isProgress(output)) yield "progress is among its outputs";
    if ("execution_count" in output && output.execution_count !== null) yield "an output has an execution count";
    yield* findLocal("an output", outputText(output));
  }
  const shown = (cell.outputs ?? []).map(outputText).join("").split("\n").length;
  if (shown > MOST_OUTPUT_LINES) yield `${shown} lines of output, and at most ${MOST_OUTPUT_LINES} are read`;
}

function* findLocal(where: string, text: string): Generator<string> {
  for (const [pattern, what] of LOCAL) {
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) yield `${where} holds ${what}: ${found}`;
  }
  for (const folder of [repositoryRoot, os.homedir()]) {
    if (folder.length > 1 && text.includes(folder)) yield `${where} holds a path of one machine: ${folder}`;
  }
}

const firstLine = (text: string) => text.trim().split("\n")[0] ?? "";
