import readline from "node:readline";
import { Writable } from "node:stream";

export interface TerminalOptions {
  /** Stands before what is typed. */
  prompt: string;
  /** Called on Ctrl+C. */
  onInterrupt: () => void;
}

/**
 * A terminal where one person types and others write: what is typed while something is written does not show in it, and
 * what is told while something is typed appears above it.
 */
export class Terminal {
  private readonly reader: readline.Interface;
  /** Lines that were typed before somebody asked for them. */
  private readonly typed: string[] = [];
  /** Takes the line that is being asked for: only then what is typed is shown. */
  private take: ((line: string | undefined) => void) | undefined;
  private closed = false;
  private atLineStart = true;

  constructor(private readonly options: TerminalOptions) {
    this.reader = readline.createInterface({ input: process.stdin, output: this.echo(), terminal: true, prompt: options.prompt });
    this.reader.on("SIGINT", () => options.onInterrupt());
    this.reader.on("line", (line) => {
      if (this.take === undefined) this.typed.push(line);
      else this.give(line);
    });
    this.reader.on("close", () => {
      this.closed = true;
      this.give(undefined);
    });
  }

  /** The next line; undefined when there is none any more. */
  async ask(): Promise<string | undefined> {
    const before = this.typed.shift();
    if (before !== undefined) {
      this.write(`${this.options.prompt}${before}\n`);
      return before;
    }
    if (this.closed) return undefined;
    return new Promise((resolve) => {
      this.take = resolve;
      this.draw();
    });
  }

  /** Writes on from where the last text ended; not while a line is asked for. */
  write(text: string): void {
    if (text === "") return;
    process.stdout.write(text);
    this.atLineStart = text.endsWith("\n");
  }

  /** Tells something on lines of its own, at any time. */
  notice(text: string): void {
    if (this.take === undefined) {
      this.write(`${this.atLineStart ? "" : "\n"}${text}\n`);
      return;
    }
    readline.moveCursor(process.stdout, 0, -this.reader.getCursorPos().rows);
    readline.cursorTo(process.stdout, 0);
    readline.clearScreenDown(process.stdout);
    process.stdout.write(`${text}\n`);
    this.draw();
  }

  /** Ends the asking. May be called more than once. */
  close(): void {
    if (!this.closed) this.reader.close();
  }

  /** Shows the prompt and what was typed so far. readline begins with going up to the first row of that, so the rows have to be there. */
  private draw(): void {
    process.stdout.write("\n".repeat(this.reader.getCursorPos().rows));
    this.reader.prompt(true);
  }

  private give(line: string | undefined): void {
    const { take } = this;
    this.take = undefined;
    this.atLineStart = line !== undefined;
    take?.(line);
  }

  /** Where readline shows what is typed. */
  private echo(): Writable {
    const echo = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (this.take !== undefined) process.stdout.write(chunk);
        done();
      },
    });
    Object.defineProperty(echo, "columns", { get: () => process.stdout.columns });
    process.stdout.on("resize", () => echo.emit("resize"));
    return echo;
  }
}
