/** Events from callbacks, read in order by one reader; the reader waits when there is none. */
export class EventQueue<Event> implements AsyncIterable<Event> {
  private readonly events: Event[] = [];
  private failure: Error | undefined;
  private wake: (() => void) | undefined;

  /** @param signal ends the reading, without an error. */
  constructor(private readonly signal?: AbortSignal) {
    signal?.addEventListener("abort", () => this.wake?.(), { once: true });
  }

  push(event: Event): void {
    this.events.push(event);
    this.wake?.();
  }

  /** The reader gets what is there already, then the error. */
  fail(error: Error): void {
    this.failure ??= error;
    this.wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Event> {
    while (this.signal?.aborted !== true) {
      const event = this.events.shift();
      if (event !== undefined) yield event;
      else if (this.failure !== undefined) throw this.failure;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
