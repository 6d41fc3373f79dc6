import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { text } from "node:stream/consumers";
import { configureJupyter, jupyterEnvironment } from "../jupyter/configureJupyter.js";
import { endProcesses, processesNaming } from "../endProcesses.js";
import { type Notebook, readNotebook } from "../notebooks/Notebook.js";
import type { Context } from "../stages/context.js";

export interface RunOptions {
  /** Folder for the executed copy and its HTML. */
  output: string;
  /** Limit for one cell, in seconds. */
  cellLimit: number;
  /** Told before each code cell. */
  onCell?: (index: number) => void;
  signal: AbortSignal;
}

export interface NotebookRun {
  executed: Notebook;
  /** The cell at which it ended, counted from 0; undefined when all ran. */
  failed: { cell: number; error: string } | undefined;
}

/** Time for a kernel to end, in milliseconds: tslab takes 3 s where a connection is open. */
const STOP_LIMIT_MS = 10_000;

/**
 * Runs a notebook from top to bottom in a fresh kernel, whose working directory is notebooks/.
 * @throws the signal's reason when it is aborted, Error when Python fails; no kernel is left in either case
 */
export async function runNotebook(context: Context, file: string, { output, cellLimit, onCell, signal }: RunOptions): Promise<NotebookRun> {
  signal.throwIfAborted();
  fs.mkdirSync(output, { recursive: true });
  const executed = path.join(output, path.basename(file));
  // Connection files of its own: by this folder its kernels are known.
  const runtime = fs.mkdtempSync(path.join(output, "runtime-"));
  const child = spawn(
    context.venv.python,
    [path.join(context.root, "setup", "walkthrough", "run_notebook.py"), file, executed, "--folder", path.join(context.root, "notebooks"), "--cell-limit", String(cellLimit)],
    { env: { ...process.env, ...jupyterEnvironment({ ...configureJupyter(context), runtime }), PYTHONDONTWRITEBYTECODE: "1" }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const ended = once(child, "exit") as Promise<[number | null]>;
  const stop = () => {
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS).unref();
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    const messages = text(child.stderr);
    const failed = await follow(readline.createInterface({ input: child.stdout }), onCell);
    const [code] = await ended;
    signal.throwIfAborted();
    if (code !== 0 && failed === undefined) throw new Error(`${path.basename(file)} could not be run (exit code ${code ?? "none"}):\n${(await messages).trim()}`);
    return { executed: readNotebook(executed), failed };
  } finally {
    signal.removeEventListener("abort", stop);
    // By their command lines, which name their connection file: the broker, which stays, has the folder in its environment.
    await endProcesses(processesNaming(runtime));
    fs.rmSync(runtime, { recursive: true, force: true });
  }
}

async function follow(lines: AsyncIterable<string>, onCell: RunOptions["onCell"]): Promise<NotebookRun["failed"]> {
  let failed: NotebookRun["failed"];
  for await (const line of lines) {
    const told = JSON.parse(line) as { cell?: number; failed?: number; error?: string };
    if (told.cell !== undefined) onCell?.(told.cell);
    if (told.failed !== undefined) failed = { cell: told.failed, error: told.error ?? "" };
  }
  return failed;
}
