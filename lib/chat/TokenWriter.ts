import type { NewRecord } from "../kafka/LogRecord.js";
import type { RecordWriter } from "../kafka/RecordWriter.js";
import { type Attempt, serializeTokens } from "./TokenRecord.js";

/** Where the pieces of one reply go. */
export interface TokenStream {
  write(text: string): void;
  /** Says that nothing follows. */
  end(): void;
}

interface Open {
  partition: number;
  conversation: string;
  reply: string;
  attempt: Attempt;
  index: number;
  waiting: string;
  ended: boolean;
}

/**
 * Shortest time from one request to the next, in milliseconds: a request takes time from the model (with 20 ms it generated 3 to 10 % slower,
 * `npm run bench -- --only depth`), and twenty pieces a second look like a stream. The beginning of a reply does not wait, nor its end where few are written.
 */
const GAP_MS = 50;
/** So many replies at once are few. Where there are more, the gap grows with them: each request takes time from all. */
const FEW = 4;
/** The longest gap, in milliseconds. */
const MOST_GAP_MS = 100;

/**
 * Writes replies to the token topic while they are written. Generation never waits for it: what comes while a request is
 * under way, or soon after another one, goes out with the next one, all conversations together. A piece that cannot be
 * written is dropped, since the committed reply has the whole text.
 */
export class TokenWriter {
  /** Replies that have begun and not ended. */
  private readonly streams = new Set<Open>();
  /** Those of which something is to be sent. */
  private readonly dirty = new Set<Open>();
  private sending: Promise<void> | undefined;
  private sentAt = -Infinity;
  /** Ends the wait between two requests. */
  private hurry: () => void = () => undefined;

  constructor(private readonly writer: RecordWriter, private readonly topic: string) {}

  open(place: { partition: number; conversation: string; reply: string; attempt: Attempt }): TokenStream {
    const stream: Open = { ...place, index: 0, waiting: "", ended: false };
    return {
      write: (text) => {
        stream.waiting += text;
        this.streams.add(stream);
        this.wake(stream);
      },
      end: () => {
        stream.ended = true;
        this.wake(stream);
        this.streams.delete(stream);
      },
    };
  }

  /** Resolves when all that was written so far has been sent, or dropped. */
  async flush(): Promise<void> {
    this.hurry();
    await this.sending;
  }

  private wake(stream: Open): void {
    this.dirty.add(stream);
    if (this.isUrgent(stream)) this.hurry();
    this.send();
  }

  private send(): void {
    if (this.dirty.size === 0) return;
    this.sending ??= this.sendAll().finally(() => {
      this.sending = undefined;
      this.send();
    });
  }

  private async sendAll(): Promise<void> {
    // After the current turn of the event loop: pieces that sequences of one batch give at once travel together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.dirty.size > 0) {
      await this.untilDue();
      this.sentAt = performance.now();
      const records = [...this.dirty].map((stream) => this.take(stream));
      this.dirty.clear();
      await this.writer.send(records).catch(() => undefined);
    }
  }

  private async untilDue(): Promise<void> {
    const gap = Math.min(MOST_GAP_MS, GAP_MS * Math.ceil(this.streams.size / FEW));
    const early = this.sentAt + gap - performance.now();
    if (early <= 0 || [...this.dirty].some((stream) => this.isUrgent(stream))) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, early);
      this.hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Somebody waits for the first words, and whoever has the last ones need not wait for more; among many, the committed reply is soon there. */
  private isUrgent({ index, ended }: Open): boolean {
    return index === 0 || (ended && this.streams.size <= FEW);
  }

  private take(stream: Open): NewRecord {
    const { partition, conversation, reply, attempt, index, waiting: text, ended: last } = stream;
    stream.waiting = "";
    stream.index += 1;
    return { topic: this.topic, partition, key: conversation, value: serializeTokens({ reply, attempt, index, text, last }) };
  }
}
