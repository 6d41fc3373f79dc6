// @ts-check
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { makePathsAbsolute } from "./absolute-paths.mjs";
import { commands } from "./commands.mjs";
import { compile } from "./compile.mjs";
import { explain } from "./explain.mjs";
import { nodePackages } from "./packages.mjs";
import { SetupError } from "./stage.mjs";

/** The repository: this file runs as setup/bootstrap/main.mjs. */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..");

/**
 * Makes ready what a command needs, then runs it in this process, so that signals reach its own handlers.
 * Never rejects: ends the process with the command's exit code.
 * @param {string[]} argv
 */
export async function main(argv) {
  const [name = "", ...rest] = argv;
  makePathsAbsolute(process.env);
  const code = await run(name, rest).catch((/** @type {unknown} */ error) => {
    console.error(inWords(error));
    return isUsage(error) ? 2 : 1;
  });
  // Handles that a library left open would keep Node alive after the work is done.
  process.stdout.write("", () => process.exit(code));
}

/** Errors that we throw tell all in their message; a stack is for what nobody foresaw.
 * @param {unknown} error */
function inWords(error) {
  if (!(error instanceof Error)) return error;
  if (isUsage(error)) return `${error.message}\n  What to do: the same command with -- --help tells what it takes.`;
  if ("code" in error) {
    const known = explain(`${error.message} ${String(error.code)}`);
    return known === undefined ? error : `${error.message}\n  Why: ${known.why}\n  What to do: ${known.todo}`;
  }
  // Faults in the program itself; all else was thrown with a message for a person.
  return ["TypeError", "ReferenceError", "RangeError", "SyntaxError", "AssertionError"].includes(error.name) ? error : error.message;
}

/** What `parseArgs` throws: an option that a command does not have.
 * @param {unknown} error */
function isUsage(error) {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

/** @param {string} name @param {string[]} argv @returns {Promise<number>} */
async function run(name, argv) {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    console.error(usage(name));
    return 2;
  }
  if (process.platform === "win32") {
    throw new SetupError("Windows itself is not supported.\n  What to do: run the command in WSL (wsl --install), with Node and Python installed there.");
  }
  const announce = command.announce === true && !argv.includes("--help");
  await nodePackages(root, { announce });
  await compile(root, ["lib", "setup", ...(command.compile ?? [])], { announce });
  const needs = command.needs(argv, process.env);
  if (needs.length > 0) {
    const { prepare } = await load(".state/build/setup/prepare.js");
    await prepare(needs, { announce });
  }
  if (!fs.existsSync(path.join(root, command.module))) {
    throw new SetupError(`npm run ${name}: its program, ${command.module}, is not part of this version.`);
  }
  const program = await load(command.module);
  return program.main(argv);
}

/** @param {string} module @returns {Promise<any>} */
function load(module) {
  return import(pathToFileURL(path.join(root, module)).href);
}

/** @param {string} name */
function usage(name) {
  const list = Object.entries(commands).map(([key, { does }]) => `  npm run ${key.padEnd(14)} ${does}`);
  return [name === "" ? "No command was given." : `There is no command "${name}".`, ...list].join("\n");
}

