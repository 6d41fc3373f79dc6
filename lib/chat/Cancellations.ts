import type { Kafka } from "kafkajs";
import { type PartitionReader, readPartitions } from "../kafka/readPartitions.js";
import { readBounds } from "../kafka/readOffsets.js";
import type { ChatTopics } from "./topics.js";

/** Wishes to stop a reply that are remembered; the topic forgets them after an hour too. */
const MOST_REMEMBERED = 10_000;

/** The wishes of people to stop a reply, from the control topic: every assistant reads all of them, since any may get the question. */
export class Cancellations {
  private readonly wished = new Set<string>();
  private readonly running = new Map<string, AbortController>();
  private reader: PartitionReader | undefined;

  /** Reads the control topic from its start, and for as long as it is not stopped. */
  async start(kafka: Kafka, { control }: ChatTopics, onError: (error: Error) => void): Promise<void> {
    const bounds = await readBounds(kafka, control);
    this.reader = await readPartitions(kafka, {
      positions: [...bounds].map(([partition, { start }]) => ({ topic: control, partition, offset: start })),
      onError,
      onRecord: ({ value }) => {
        const question = parseCancel(value);
        if (question !== undefined) this.cancel(question);
      },
    });
  }

  /** Aborted as soon as the person wishes to stop the reply to this question; at once if that was before. */
  signalOf(question: string): AbortSignal {
    const controller = new AbortController();
    this.running.set(question, controller);
    if (this.wished.has(question)) controller.abort(new Error("cancelled by the person"));
    return controller.signal;
  }

  /** Nothing is being written for the question any more. The wish stays: if the reply cannot be committed, the question comes again. */
  end(question: string): void {
    this.running.delete(question);
  }

  async stop(): Promise<void> {
    await this.reader?.stop();
  }

  private cancel(question: string): void {
    this.running.get(question)?.abort(new Error("cancelled by the person"));
    this.wished.add(question);
    if (this.wished.size > MOST_REMEMBERED) for (const oldest of this.wished) return void this.wished.delete(oldest);
  }
}

export function serializeCancel(question: string): string {
  return JSON.stringify({ v: 1, type: "cancel", question });
}

function parseCancel(value: Buffer | null): string | undefined {
  try {
    const { v, type, question } = JSON.parse(value?.toString() ?? "") as Record<string, unknown>;
    return v === 1 && type === "cancel" && typeof question === "string" ? question : undefined;
  } catch {
    // Written by a foreign program: nothing that anybody waits for.
    return undefined;
  }
}
