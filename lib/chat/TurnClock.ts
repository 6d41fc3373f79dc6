import type { ReplyListener } from "./ReplyStream.js";

/** What the person's side measured of a message and its reply, in milliseconds since say(). */
export interface PersonTimes {
  /** When say() was called, on the person's clock: milliseconds since the epoch. */
  saidAt: number;
  /** Kafka has the message, on all replicas. */
  acknowledgedMs: number;
  /** First and last piece of each attempt that was shown. The last attempt counts; those before it were cut off and began again. */
  shown: { firstMs: number; lastMs: number }[];
  /** The committed reply was read. Less the `lastMs` of what was shown last: the time to commit, as the person sees it. */
  committedMs: number;
}

/** Takes the times of one message, from its creation on. */
export class TurnClock {
  private readonly started = performance.now();
  private readonly shown: { firstMs: number; lastMs: number }[] = [];
  private attemptEnded = true;
  private acknowledgedMs = 0;
  private committedMs = 0;

  acknowledged(): void {
    this.acknowledgedMs = this.now();
  }

  committed(): void {
    this.committedMs = this.now();
  }

  /** The listener, with the times taken at which it is told something. */
  timing({ onText, onRestart }: ReplyListener): ReplyListener {
    return {
      onText: (text) => {
        this.text();
        onText(text);
      },
      onRestart: () => {
        this.attemptEnded = true;
        onRestart();
      },
    };
  }

  read(): PersonTimes {
    const { started, acknowledgedMs, shown, committedMs } = this;
    return { saidAt: performance.timeOrigin + started, acknowledgedMs, shown, committedMs };
  }

  private text(): void {
    const now = this.now();
    const attempt = this.shown.at(-1);
    if (attempt === undefined || this.attemptEnded) this.shown.push({ firstMs: now, lastMs: now });
    else attempt.lastMs = now;
    this.attemptEnded = false;
  }

  private now(): number {
    return performance.now() - this.started;
  }
}
