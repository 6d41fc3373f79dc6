const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * The next request to stop: Ctrl+C, SIGTERM, or a terminal that is closed. From now on they do not end this process.
 * @param notWithinMs Signals that come earlier do not count: one Ctrl+C arrives twice under npm, from the terminal and from
 * npm, which passes it on. Default 0.
 */
export function nextSignal(notWithinMs = 0): { promise: Promise<NodeJS.Signals>; signal: AbortSignal } {
  const begun = performance.now();
  const controller = new AbortController();
  const promise = new Promise<NodeJS.Signals>((resolve) => {
    const received = (name: NodeJS.Signals) => {
      if (performance.now() - begun < notWithinMs) return;
      resolve(name);
      controller.abort(new Error(`stopped by ${name}`));
    };
    for (const name of SIGNALS) process.on(name, received);
  });
  return { promise, signal: controller.signal };
}
