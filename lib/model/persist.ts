import { setTimeout as delay } from "node:timers/promises";
import type { DownloadJob } from "./DownloadJob.js";
import { describeReason } from "../explainTransfer.js";
import { explainHubError, isPassing } from "./explainHubError.js";
import { HubAnswerError } from "./hubFetch.js";

/** Tries in a row that bring less than a mebibyte each, after which a download is given up. */
const FRUITLESS_TRIES = 5;
/** Longest pause between two tries, in milliseconds. */
const LONGEST_PAUSE = 30_000;

/**
 * Tries until it succeeds, fails for good, or brings nothing time after time. A server that is overloaded is left alone
 * longer and longer. Each new try is told of.
 * @param progress Bytes that there are.
 * @throws ModelError in plain words; the signal's reason.
 */
export async function persist<T>(job: DownloadJob, action: () => Promise<T>, progress: () => Promise<number> = async () => 0): Promise<T> {
  const { entry: { title }, signal, options: { firstPauseMs = 500, onNotice } } = job;
  for (let fruitless = 0; ;) {
    const before = await progress();
    try {
      return await action();
    } catch (error) {
      signal.throwIfAborted();
      fruitless = await progress() - before >= 2 ** 20 ? 0 : fruitless + 1;
      if (!isPassing(error) || fruitless >= FRUITLESS_TRIES) throw explainHubError(error, { title, folder: job.folder, connection: job.connection });
      const asked = error instanceof HubAnswerError ? error.retryAfterMs ?? 0 : 0;
      const pause = Math.min(LONGEST_PAUSE, Math.max(asked, firstPauseMs * 2 ** Math.max(0, fruitless - 1)));
      const chance = fruitless === 0 ? "" : ` (try ${fruitless + 1} of ${FRUITLESS_TRIES})`;
      onNotice?.(`${title}: ${describeReason(error)}. Trying again in ${Number((pause / 1000).toFixed(1))} s${chance}.`);
      await delay(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
