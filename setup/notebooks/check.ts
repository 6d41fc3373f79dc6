import fs from "node:fs";
import path from "node:path";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { checkNotebook } from "./checkNotebook.js";
import { readNotebook } from "./Notebook.js";

/** The committed notebooks, in their order. */
export function notebookFiles(): string[] {
  const folder = path.join(repositoryRoot, "notebooks");
  return fs.readdirSync(folder).filter((name) => name.endsWith(".ipynb")).sort().map((name) => path.join(folder, name));
}

/**
 * `node .state/build/setup/notebooks/check.js [FILE...]`: whether notebooks may be committed as they are.
 * @returns the exit code: 0, or 1 when there are faults, which it prints
 */
export function main(argv: string[]): number {
  const files = argv.length > 0 ? argv : notebookFiles();
  const faults = files.flatMap((file) => checkNotebook(readNotebook(file)).map((fault) => `${path.basename(file)}: ${fault}`));
  for (const fault of faults) console.error(fault);
  console.log(faults.length === 0 ? `${files.length} notebooks without a fault` : "What to do: correct the cells, then `npm run walkthrough -- --update`.");
  return faults.length === 0 ? 0 : 1;
}

if (process.argv[1] === import.meta.filename) process.exitCode = main(process.argv.slice(2));
