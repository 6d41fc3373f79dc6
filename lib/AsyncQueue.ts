/** Items from callbacks, read in order by one reader; the reader waits when there is none. */
export class AsyncQueue<Item> implements AsyncIterable<Item> {
  private readonly items: Item[] = [];
  private ending: { error: unknown } | "ended" | undefined;
  private wake: (() => void) | undefined;

  push(item: Item): void {
    this.items.push(item);
    this.wake?.();
  }

  /** The reader gets what is there already, then no more. */
  end(): void {
    this.ending ??= "ended";
    this.wake?.();
  }

  /** The reader gets what is there already, then the error. */
  fail(error: unknown): void {
    this.ending ??= { error };
    this.wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Item> {
    for (;;) {
      const next = this.items.splice(0, 1);
      if (next.length > 0) yield next[0] as Item;
      else if (this.ending === "ended") return;
      else if (this.ending !== undefined) throw this.ending.error;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
