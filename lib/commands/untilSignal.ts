/** What a person who presses Ctrl+C, or a system that sends SIGTERM, asks for. */
export interface Asked {
  /** Resolves when the end is asked for, and when it is asked for again. */
  first: Promise<void>;
  second: Promise<void>;
  isSecond(): boolean;
  /** Aborted with the first. */
  signal: AbortSignal;
}

/** One Ctrl+C arrives twice under npm, from the terminal and from npm, which passes it on: within this time it is the same one, in milliseconds. */
const SAME_MS = 1_000;

/** Turns SIGINT and SIGTERM into promises, for the rest of this process. */
export function untilSignal(): Asked {
  const first = new AbortController();
  const second = new AbortController();
  let firstAt = -Infinity;
  const ask = (): void => {
    const now = performance.now();
    if (!first.signal.aborted) {
      firstAt = now;
      first.abort(new Error("Interrupted"));
    } else if (now - firstAt >= SAME_MS) {
      second.abort(new Error("Interrupted again"));
    }
  };
  process.on("SIGINT", ask).on("SIGTERM", ask);
  return { first: aborted(first.signal), second: aborted(second.signal), isSecond: () => second.signal.aborted, signal: first.signal };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
