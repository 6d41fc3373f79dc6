import type { Kafka } from "kafkajs";
import type { LogRecord } from "./LogRecord.js";
import { readBounds } from "./readOffsets.js";
import type { ReadPosition } from "./readPartitions.js";
import { readUntil } from "./readUntil.js";

export interface ReadToEndOptions {
  /** Default: all partitions. */
  partitions?: number[];
  /** Where to begin. Default: the oldest record that is there. */
  from?: bigint;
  /** Offsets that must be among what is read, by partition: the end that a broker tells right after its start may be too low. */
  through?: ReadonlyMap<number, bigint>;
  /** Called for each record instead of collecting them. */
  onRecord?: (record: LogRecord) => void;
  signal?: AbortSignal;
}

/** Reads the committed records of a topic from its start to where it ends now, partition by partition. */
export async function readToEnd(kafka: Kafka, topic: string, { partitions, from, through, onRecord, signal }: ReadToEndOptions = {}): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  const last = new Map<number, bigint>();
  const positions: ReadPosition[] = [];
  for (const [partition, { start, end: told }] of await readBounds(kafka, topic)) {
    const must = through?.get(partition) ?? -1n;
    const end = must >= told ? must + 1n : told;
    const offset = from !== undefined && from > start ? from : start;
    if (offset >= end || partitions?.includes(partition) === false) continue;
    last.set(partition, end);
    positions.push({ topic, partition, offset });
  }
  await readUntil(kafka, {
    positions, signal,
    enough: (partition, next) => next >= (last.get(partition) ?? 0n),
    onRecord: onRecord ?? ((record) => records.push(record)),
  });
  return records.sort((a, b) => a.partition - b.partition || (a.offset < b.offset ? -1 : 1));
}
