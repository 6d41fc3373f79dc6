/** A clock that can be stopped and go on. */
export interface Pausable {
  pause(): void;
  resume(): void;
}

/** Aborts its signal after a time, in milliseconds; the pauses do not count. */
export class TimeLimit implements Pausable {
  private readonly controller = new AbortController();
  private left: number;
  private since = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly ms: number) {
    this.left = ms;
    this.resume();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** May be called more than once; so may resume(). */
  pause(): void {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.left -= performance.now() - this.since;
  }

  resume(): void {
    if (this.timer !== undefined) return;
    this.since = performance.now();
    this.timer = setTimeout(() => this.controller.abort(new Error(`the time limit of ${this.ms / 1000} s was reached`)), Math.max(0, this.left));
  }
}
