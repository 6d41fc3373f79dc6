/** Several measurements of one thing. */
export interface Spread {
  count: number;
  /** NaN where nothing was measured. */
  median: number;
  p99: number;
  least: number;
  most: number;
}

/** The median of an even number lies between the two in the middle; p99 by nearest rank. What could not be measured (NaN, null in JSON) is left aside. */
export function spread(values: readonly (number | null)[]): Spread {
  const sorted = values.filter((value): value is number => value !== null && Number.isFinite(value)).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return { count: sorted.length, median: (at(0.5) + upper) / 2, p99: at(0.99), least: at(0), most: at(1) };
}
