/** Pieces of text from a callback, read in order by one reader; the reader waits when there is none. */
export class TextQueue implements AsyncIterable<string> {
  private readonly pieces: string[] = [];
  private ending: { error: unknown } | "ended" | undefined;
  private wake: (() => void) | undefined;

  push(text: string): void {
    this.pieces.push(text);
    this.wake?.();
  }

  end(): void {
    this.ending ??= "ended";
    this.wake?.();
  }

  /** The reader gets what is there already, then the error. */
  fail(error: unknown): void {
    this.ending ??= { error };
    this.wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<string> {
    for (;;) {
      const text = this.pieces.splice(0).join("");
      if (text !== "") yield text;
      else if (this.ending === "ended") return;
      else if (this.ending !== undefined) throw this.ending.error;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
