import { type Attempt, compareAttempts, type TokenRecord } from "./TokenRecord.js";

/** What is shown of a reply while it is written. */
export interface ReplyListener {
  onText: (text: string) => void;
  /** What was shown so far does not count: another assistant, or another attempt, begins again. */
  onRestart: () => void;
}

/** Puts the pieces of one reply together: the highest attempt counts, each piece once, and the committed reply wins. */
export class ReplyStream {
  private attempt: Attempt | undefined;
  private next = 0;
  private shown = "";
  /** A piece is missing: the rest waits for the committed reply. */
  private broken = false;
  private complete = false;

  constructor(private readonly listener: ReplyListener) {}

  /** Whether the pieces so far are all, and only the commit is missing. */
  get isComplete(): boolean {
    return this.complete;
  }

  add({ attempt, index, text, last }: TokenRecord): void {
    const order = this.attempt === undefined ? 1 : compareAttempts(attempt, this.attempt);
    if (order < 0) return;
    if (order > 0) this.begin(attempt);
    if (index < this.next) return;
    if (index > this.next) this.broken = true;
    if (this.broken) return;
    this.next = index + 1;
    this.complete = last;
    this.show(text);
  }

  /** Shows what the pieces did not: all of it, where they were not the beginning of the reply. */
  finish(text: string): void {
    if (!text.startsWith(this.shown)) this.restart();
    this.show(text.slice(this.shown.length));
  }

  private begin(attempt: Attempt): void {
    this.attempt = attempt;
    this.next = 0;
    this.broken = false;
    this.complete = false;
    this.restart();
  }

  private restart(): void {
    if (this.shown === "") return;
    this.shown = "";
    this.listener.onRestart();
  }

  private show(text: string): void {
    if (text === "") return;
    this.shown += text;
    this.listener.onText(text);
  }
}
