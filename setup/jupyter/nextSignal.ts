const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The next request to stop: Ctrl+C, SIGTERM, or a terminal that is closed. From now on they do not end this process. */
export function nextSignal(): { promise: Promise<NodeJS.Signals>; signal: AbortSignal } {
  const controller = new AbortController();
  const promise = new Promise<NodeJS.Signals>((resolve) => {
    const received = (name: NodeJS.Signals) => {
      resolve(name);
      controller.abort(new Error(`stopped by ${name}`));
    };
    for (const name of SIGNALS) process.on(name, received);
  });
  return { promise, signal: controller.signal };
}
