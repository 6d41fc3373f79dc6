// @ts-check
import fs from "node:fs";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { isRunning, processStart } from "./process.mjs";
import { failure } from "./run-logged.mjs";
import { SetupError } from "./stage.mjs";

/** How long another set-up is waited for, milliseconds: a slow network may need it. */
const LIMIT = 20 * 60_000;

/**
 * Runs work while no other set-up does. A lock whose process is gone is taken over.
 * @template T
 * @param {string} folder where the lock file is kept
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(folder, work) {
  const file = path.join(folder, "setup.lock");
  makeFolder(folder);
  const end = performance.now() + LIMIT;
  let told = false;
  while (!take(file)) {
    const owner = readOwner(file);
    if (owner !== undefined && !isRunning(owner.pid, owner.started)) {
      takeOver(file, owner);
      continue;
    }
    if (performance.now() > end) {
      throw new SetupError(`Another set-up (process ${owner?.pid ?? "unknown"}) has held ${file} for 20 minutes.\n  What to do: end it, or remove that file, then run the command again.`);
    }
    if (!told) console.error(`Another set-up is running (process ${owner?.pid ?? "unknown"}); waiting for it ...`);
    told = true;
    await wait(200);
  }
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}

/** @param {string} folder */
function makeFolder(folder) {
  try {
    // For its owner only: logs and Jupyter's files in it hold tokens.
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    fs.accessSync(folder, fs.constants.W_OK);
  } catch (error) {
    throw new SetupError(failure(`${folder} cannot be written`, String(error)));
  }
}

/** Writes the lock under another name first, so that it is never seen half written. @param {string} file */
function take(file) {
  const mine = `${file}.${process.pid}`;
  fs.writeFileSync(mine, JSON.stringify({ pid: process.pid, started: processStart(process.pid) }));
  try {
    fs.linkSync(mine, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") return false;
    throw error;
  } finally {
    fs.rmSync(mine, { force: true });
  }
}

/** @param {string} file @returns {{ pid: number, started: string | undefined } | undefined} undefined: just given back */
function readOwner(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Removes a dead owner's lock. Renaming decides between several who try, and what was not the dead one's goes back.
 * @param {string} file @param {{ pid: number }} dead */
function takeOver(file, dead) {
  const aside = `${file}.dead.${process.pid}`;
  try {
    fs.renameSync(file, aside);
    if (readOwner(aside)?.pid !== dead.pid) fs.linkSync(aside, file);
  } catch {
    // Another one was faster.
  } finally {
    fs.rmSync(aside, { force: true });
  }
}
