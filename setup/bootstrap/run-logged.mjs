// @ts-check
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { explain } from "./explain.mjs";
import { SetupError } from "./stage.mjs";

/** Lines of a failed program's output that its error shows. */
const TAIL = 12;

/** @type {NodeJS.Signals[]} */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs a program with its output in a log file.
 * @param {string[]} command the program and its arguments
 * @param {{ cwd: string, log: string, env?: NodeJS.ProcessEnv, onLine?: (line: string) => void, advice?: string }} options
 *   `env` is added to this process's; `advice` is what to do beside what the output tells
 * @returns {Promise<string>} all that it wrote
 * @throws {SetupError} with the last lines, what they mean, and where the log is
 */
export async function runLogged([program = "", ...args], { cwd, log, env = {}, onLine = () => {}, advice }) {
  const what = [path.basename(program), ...args.map((arg) => (path.isAbsolute(arg) ? path.basename(arg) : arg))].join(" ");
  const output = openLog(log);
  output.write(`$ ${[program, ...args].join(" ")}\n`);
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  let rest = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (/** @type {string} */ chunk) => {
      output.write(chunk);
      text += chunk;
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(onLine);
    });
  }
  // A signal to this process alone must not leave the program at work behind.
  const pass = (/** @type {NodeJS.Signals} */ signal) => {
    child.kill(signal);
    process.exit(1);
  };
  for (const signal of SIGNALS) process.on(signal, pass);
  const ending = await new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(signal === null ? code : signal));
  });
  for (const signal of SIGNALS) process.off(signal, pass);
  output.close();
  if (ending === 0) return text;
  throw new SetupError(failure(`${what} ended with ${typeof ending === "number" ? `code ${ending}` : ending}`, text, log, advice));
}

/**
 * The words for a stage that failed.
 * @param {string} what failed
 * @param {string} output its last lines are shown
 * @param {string} [log] path of the whole output
 * @param {string} [advice] what to do, or what else to do when the output is of a known kind
 */
export function failure(what, output, log, advice) {
  const known = explain(output);
  const todo = [known?.todo, advice].filter((text) => text !== undefined);
  const tail = output.trimEnd().split("\n").filter((line) => !/ http (fetch|cache) /.test(line)).slice(-TAIL);
  return [
    what,
    ...tail.map((line) => `  | ${line}`),
    ...(known === undefined ? [] : [`  Why: ${known.why}`]),
    `  What to do: ${todo.length > 0 ? todo.join("; or ") : "read the log, then run the command again: it goes on where it stopped"}`,
    ...(log === undefined ? [] : [`  The whole log: ${log}`]),
  ].join("\n");
}

/** Kept on disk at once: when the disk is full, the program's own words still reach the error. @param {string} file */
function openLog(file) {
  /** @type {number | undefined} */
  let descriptor;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    descriptor = fs.openSync(file, "w");
  } catch {
    descriptor = undefined;
  }
  return {
    write: (/** @type {string} */ text) => {
      try {
        if (descriptor !== undefined) fs.writeSync(descriptor, text);
      } catch {
        descriptor = undefined;
      }
    },
    close: () => {
      if (descriptor !== undefined) fs.closeSync(descriptor);
    },
  };
}
