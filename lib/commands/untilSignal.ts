/** What a person who presses Ctrl+C, or a system that sends SIGTERM, asks for. */
export interface Asked {
  /** Resolves when the end is asked for, and when it is asked for again. */
  first: Promise<void>;
  second: Promise<void>;
  isSecond(): boolean;
  /** Aborted with the first. */
  signal: AbortSignal;
}

/** Turns SIGINT and SIGTERM into promises, for the rest of this process. */
export function untilSignal(): Asked {
  const first = new AbortController();
  const second = new AbortController();
  const ask = (): void => (first.signal.aborted ? second : first).abort(new Error("Interrupted"));
  process.on("SIGINT", ask).on("SIGTERM", ask);
  return { first: aborted(first.signal), second: aborted(second.signal), isSecond: () => second.signal.aborted, signal: first.signal };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
