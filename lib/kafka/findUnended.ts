import type { Kafka } from "kafkajs";
import { readBounds } from "./readOffsets.js";
import type { ReadPosition } from "./readPartitions.js";
import { readUntil } from "./readUntil.js";

/** In milliseconds; a broker that has just started takes a while. */
const LIMIT_MS = 20_000;

/**
 * Finds the partitions of a topic in which a transaction has no end, so that nothing after its first record can be read.
 *
 * A transaction that is under way looks the same. But one can also stay so for ever: a broker that was killed between
 * the decision to commit and the transaction's markers can leave the markers out when it starts again (seen in the files
 * of Kafka 4.4.0; probably since its partitions have no leader for a moment and are taken for deleted ones).
 * @returns by partition, the offset of that first record
 */
export async function findUnended(kafka: Kafka, topic: string, partitions: number[]): Promise<Map<number, bigint>> {
  // kafkajs's administrator asks for the end of what is committed.
  const bounds = await readBounds(kafka, topic);
  const found = new Map<number, bigint>();
  const positions: ReadPosition[] = [];
  for (const partition of partitions) {
    const { start, end } = bounds.get(partition) ?? { start: 0n, end: 0n };
    // Where nothing is committed, nothing can be read that tells of the end; no reply stands before the first message.
    if (end <= start) continue;
    positions.push({ topic, partition, offset: end - 1n });
  }
  await readUntil(kafka, {
    positions, signal: AbortSignal.timeout(LIMIT_MS),
    enough: (partition, next, end) => {
      if (end > next) found.set(partition, next);
      return true;
    },
  });
  return found;
}
