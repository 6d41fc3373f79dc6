import { setTimeout as delay } from "node:timers/promises";

export interface WaitOptions {
  /** What has not happened yet, as the error says it: "Port 9092 not bound". */
  description: string;
  /** Limit in milliseconds. */
  timeoutMs: number;
  /** Milliseconds between two looks. Default 50. */
  intervalMs?: number;
  /** Ends the waiting; its reason is thrown. */
  signal?: AbortSignal | undefined;
}

/** The limit has passed. */
export class WaitLimitError extends Error {}

/**
 * Looks again and again until the condition gives something true, and returns that. The only polling of this repository's
 * daemons.
 * @param condition Gets a signal that is aborted when the waiting ends. What it throws ends the waiting.
 * @throws WaitLimitError "Port 9092 not bound after 30000ms", or the signal's reason.
 */
export async function waitUntil<T>(
  condition: (signal: AbortSignal) => Promise<T> | T,
  { description, timeoutMs, intervalMs = 50, signal }: WaitOptions,
): Promise<NonNullable<Exclude<T, false>>> {
  signal?.throwIfAborted();
  const ended = new AbortController();
  const limit = setTimeout(() => ended.abort(new WaitLimitError(`${description} after ${timeoutMs}ms`)), timeoutMs);
  const onAbort = () => ended.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    for (;;) {
      const result = await endedBy(ended.signal, Promise.resolve(condition(ended.signal)));
      if (result !== undefined && result !== null && result !== false) return result as NonNullable<Exclude<T, false>>;
      await delay(intervalMs, undefined, { signal: ended.signal }).catch(() => ended.signal.throwIfAborted());
    }
  } finally {
    clearTimeout(limit);
    signal?.removeEventListener("abort", onAbort);
    ended.abort();
  }
}

/** The promise's result, unless the signal comes first: a condition that hangs must not outlast the limit. */
async function endedBy<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
