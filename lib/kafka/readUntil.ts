import type { Kafka } from "kafkajs";
import type { LogRecord } from "./LogRecord.js";
import { type PartitionReader, readPartitions, type ReadPosition } from "./readPartitions.js";

export interface ReadUntilOptions {
  /** Where to begin in each partition of one topic. */
  positions: ReadPosition[];
  /** Told of each partition up to where it was read, and its end with what is not committed; true when that is enough of it. */
  enough: (partition: number, next: bigint, end: bigint) => boolean;
  onRecord?: (record: LogRecord) => void;
  signal?: AbortSignal | undefined;
}

/** Reads committed records of a topic until there is enough of every partition. @throws the signal's reason when that is aborted before. */
export async function readUntil(kafka: Kafka, { positions, enough, onRecord = () => undefined, signal }: ReadUntilOptions): Promise<void> {
  const waiting = new Set(positions.map(({ partition }) => partition));
  if (waiting.size === 0) return;
  let opening: Promise<PartitionReader> | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      opening = readPartitions(kafka, {
        positions,
        onError: reject,
        onRecord,
        onPosition: (_, partition, next, end) => {
          if (waiting.has(partition) && enough(partition, next, end)) waiting.delete(partition);
          if (waiting.size === 0) resolve();
        },
      });
      opening.catch(reject);
    });
  } finally {
    await (await opening?.catch(() => undefined))?.stop();
  }
}
