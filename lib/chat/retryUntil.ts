import { signInFailure } from "../kafka/signInFailure.js";

/**
 * Does something again until it succeeds; the thing itself waits between its own tries.
 * @throws Error with the last failure as its cause, once the time is over; at once when Kafka refuses the password.
 */
export async function retryUntil<T>(attempt: () => Promise<T>, { timeoutMs, what }: { timeoutMs: number; what: string }): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const refused = signInFailure(error);
      if (refused !== undefined) throw new Error(`${what} is not possible, Kafka does not let us in: ${refused.message}`, { cause: error });
      if (performance.now() < deadline) continue;
      throw new Error(`${what} did not succeed within ${timeoutMs / 1000} s: ${(error as Error).message}`, { cause: error });
    }
  }
}
