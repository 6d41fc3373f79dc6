/** A connection from which nothing comes any more. */
export class BrokenConnectionError extends Error {
  override name = "BrokenConnectionError";
}

/** Watches over a connection: when nothing comes for so many milliseconds, its signal ends the requests. */
export class Silence {
  private readonly limit = new AbortController();
  private readonly timer: NodeJS.Timeout;
  readonly signal: AbortSignal = this.limit.signal;

  constructor(timeoutMs: number) {
    this.timer = setTimeout(() => this.limit.abort(new BrokenConnectionError(`nothing came for ${timeoutMs}ms`)), timeoutMs).unref();
  }

  /** The reason once it has lasted too long: what is thrown then tells only that a request was ended. */
  get error(): BrokenConnectionError | undefined {
    return this.limit.signal.reason as BrokenConnectionError | undefined;
  }

  /** Something has come. */
  interrupt(): void {
    this.timer.refresh();
  }

  end(): void {
    clearTimeout(this.timer);
  }
}
