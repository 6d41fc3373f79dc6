/**
 * Does something that SIGINT and SIGTERM end by its signal; afterwards they do again what they did before.
 * @returns undefined when it was interrupted, and what it had begun is undone.
 */
export async function interruptible<Value>(work: (signal: AbortSignal) => Promise<Value>): Promise<Value | undefined> {
  const interrupted = new AbortController();
  const onSignal = (): void => interrupted.abort(new Error("Interrupted"));
  // Not once: under npm one Ctrl+C arrives twice.
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  try {
    return await work(interrupted.signal);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    return undefined;
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}
