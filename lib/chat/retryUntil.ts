import { setTimeout as delay } from "node:timers/promises";
import { signInFailure } from "../kafka/signInFailure.js";

export interface RetryUntilOptions {
  timeoutMs: number;
  /** Of what is tried, for the error: "Writing". */
  what: string;
  /** Aborted when it need not succeed any more. */
  signal?: AbortSignal;
}

/** Between two tries, in milliseconds: kafkajs waits between its own, but not where it fails at once. */
const PAUSE_MS = 100;

/**
 * Does something again until it succeeds.
 * @throws Error with the last failure as its cause, once the time is over; at once when Kafka refuses the password. The signal's reason.
 */
export async function retryUntil<T>(attempt: () => Promise<T>, { timeoutMs, what, signal }: RetryUntilOptions): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      const refused = signInFailure(error);
      if (refused !== undefined) throw new Error(`${what} is not possible, Kafka does not let us in: ${refused.message}`, { cause: error });
      if (performance.now() >= deadline) throw new Error(`${what} did not succeed within ${timeoutMs / 1000} s: ${(error as Error).message}`, { cause: error });
      await delay(PAUSE_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    }
  }
}
