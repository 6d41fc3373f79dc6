// @ts-check
import { performance } from "node:perf_hooks";
import { clearInterval, setInterval } from "node:timers";

/** A failure that is told without a stack: its message says what failed, why, and what to do. */
export class SetupError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "SetupError";
  }
}

/**
 * @typedef {object} StageOptions
 * @property {boolean} announce tell of it even when it was ready before
 */
/**
 * @typedef {object} Stage
 * @property {string} name as it stands at the start of the line
 * @property {() => boolean | Promise<boolean>} ready whether nothing is to be done; quick
 * @property {string} doing what the line says meanwhile: "installing 240 packages"
 * @property {(update: (detail: string) => void) => Promise<void>} work
 * @property {<T>(work: () => Promise<T>) => Promise<T>} locked keeps other set-ups out
 */

const WIDTH = 15;

/**
 * Runs a stage unless it is ready: one line on stderr, in place on a terminal, with the seconds taken.
 * @param {Stage} stage
 * @param {StageOptions} options
 */
export async function runStage(stage, { announce }) {
  if (await stage.ready()) {
    if (announce) tell(stage.name, "ready");
    return;
  }
  await stage.locked(async () => {
    // Another set-up may have done it while this one waited for the lock.
    if (await stage.ready()) return tell(stage.name, "ready");
    const begun = performance.now();
    const line = progressLine(stage.name, stage.doing);
    try {
      await stage.work(line.update);
    } catch (error) {
      line.clear();
      tell(stage.name, `failed (${seconds(begun)})`);
      throw error;
    }
    line.clear();
    tell(stage.name, `ready (${seconds(begun)})`);
  });
}

/** @param {string} name @param {string} text */
export function tell(name, text) {
  process.stderr.write(`${name.padEnd(WIDTH)} ${text}\n`);
}

/** @param {number} begun from performance.now() */
function seconds(begun) {
  return `${((performance.now() - begun) / 1000).toFixed(1)} s`;
}

/** On a terminal the line is rewritten every half second; elsewhere it is written once.
 * @param {string} name @param {string} doing */
function progressLine(name, doing) {
  let detail = doing;
  const begun = performance.now();
  if (!process.stderr.isTTY) {
    tell(name, `${doing} ...`);
    return { update: () => {}, clear: () => {} };
  }
  const draw = () => {
    const text = `${name.padEnd(WIDTH)} ${detail} (${seconds(begun)})`;
    process.stderr.write(`\r\x1b[2K${text.slice(0, (process.stderr.columns || 80) - 1)}`);
  };
  draw();
  const timer = setInterval(draw, 500);
  return {
    update: (/** @type {string} */ next) => void (detail = next),
    clear: () => {
      clearInterval(timer);
      process.stderr.write("\r\x1b[2K");
    },
  };
}
