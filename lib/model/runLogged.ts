import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import readline from "node:readline";
import type { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";

export interface RunLoggedOptions {
  /** File for all that the command prints; an older one is replaced. */
  log: string;
  /** Default: this process's. */
  cwd?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  /** Each line of the command's output, without colours. What it throws ends the command, and is thrown. */
  onLine?: ((line: string) => void) | undefined;
  /** Marks lines that say why the command fails; the error shows these and the line after each. Default: the error shows the last 15 lines. */
  cause?: RegExp | undefined;
  /** Ends the command and everything that it has started. */
  signal?: AbortSignal | undefined;
}

/** Milliseconds from SIGTERM to SIGKILL. */
const GRACE = 5000;

/**
 * Runs a command to its end in a process group of its own, with its output in a log file. The group does not outlive this
 * process when that ends in an orderly way.
 * @throws Error with the lines that tell why and the log's name when the command fails; the signal's reason, after the group has ended.
 */
export async function runLogged(command: string, args: string[], { log, cwd, env, onLine, cause, signal }: RunLoggedOptions): Promise<void> {
  signal?.throwIfAborted();
  await mkdir(path.dirname(log), { recursive: true });
  const file = createWriteStream(log);
  await once(file, "open");
  let unwritten: NodeJS.ErrnoException | undefined;
  // A full disk: the command goes on, and says itself whether it minds.
  file.on("error", (error) => void (unwritten ??= error));
  const child = spawn(command, args, { detached: true, stdio: ["ignore", "pipe", "pipe"], ...(cwd === undefined ? {} : { cwd }), ...(env === undefined ? {} : { env }) });
  const last: string[] = [];
  const causes: string[] = [];
  let failure: { error: unknown } | undefined;
  const read = [child.stdout, child.stderr].map((stream) => readLines(stream).catch((error: unknown) => {
    failure ??= { error };
    stop();
    // Else the command would wait for somebody to read on, and could end only by SIGKILL.
    stream.resume();
  }));
  async function readLines(stream: Readable): Promise<void> {
    // readline takes a carriage return, by which progress bars redraw their line, for the end of one.
    for await (const text of readline.createInterface({ input: stream, crlfDelay: Infinity })) {
      const line = stripVTControlCharacters(text).trimEnd();
      if (line === "") continue;
      file.write(`${line}\n`);
      if (causes.length < 15 && (cause?.test(line) === true || (last.length > 0 && cause?.test(last.at(-1) ?? "") === true))) causes.push(line);
      last.push(line);
      if (last.length > 15) last.shift();
      onLine?.(line);
    }
  }
  let grace: NodeJS.Timeout | undefined;
  const kill = (): void => signalGroup(child.pid, "SIGKILL");
  function stop(): void {
    signalGroup(child.pid, "SIGTERM");
    grace ??= setTimeout(kill, GRACE);
  }
  process.once("exit", kill);
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted === true) stop();
  try {
    const [code, by] = await once(child, "close") as [number | null, NodeJS.Signals | null];
    await Promise.all(read);
    signal?.throwIfAborted();
    if (failure !== undefined) throw failure.error;
    const whole = unwritten === undefined ? "" : `, which could not be written to its end (${unwritten.message})`;
    if (code !== 0) throw new Error(`${[command, ...args].join(" ")} failed (${by ?? `exit code ${code ?? "?"}`}). From its log ${log}${whole}:\n${(causes.length > 0 ? causes : last).join("\n")}`);
  } finally {
    clearTimeout(grace);
    signal?.removeEventListener("abort", stop);
    process.off("exit", kill);
    // The leader has ended; whoever is left of its group ends now.
    kill();
    await new Promise((resolve) => file.end(resolve));
  }
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
