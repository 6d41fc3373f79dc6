import type { Reply } from "../chat/Reply.js";
import { format } from "./svg.js";
import { turnStages } from "./turnStages.js";

/** A row of the table: a stage, and how long it took. */
export interface TurnSummary extends Record<string, string> {
  stage: string;
  /** Half of the messages took no longer, in milliseconds. */
  "p50 ms": string;
  /** 19 of 20 messages took no longer, in milliseconds. */
  "p95 ms": string;
}

/**
 * How long each stage of many messages took, for `markdownTable()`: median and 95th percentile in milliseconds.
 * @param replies what say() returned.
 */
export function summarizeTurns(replies: readonly Reply[]): TurnSummary[] {
  const lengths = new Map<string, number[]>();
  const add = (stage: string, length: number | undefined): void => {
    if (length !== undefined) lengths.set(stage, [...lengths.get(stage) ?? [], length]);
  };
  for (const reply of replies) {
    for (const { what, from, to } of turnStages(reply)) add(what, to - from);
    add("**say() to the first word**", reply.person?.shown[0]?.firstMs);
    add("**say() to the committed reply**", reply.person?.committedMs);
  }
  return [...lengths].map(([stage, values]) => ({ stage, "p50 ms": format(percentile(values, 50)), "p95 ms": format(percentile(values, 95)) }));
}

/** The smallest value that so many percent of all are not above (nearest rank). */
function percentile(values: number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}
