/** Several measurements of one thing. */
export interface Spread {
  count: number;
  /** NaN where nothing was measured. */
  median: number;
  p99: number;
  least: number;
  most: number;
}

/** By nearest rank. What could not be measured (NaN, null in JSON) is left aside. */
export function spread(values: readonly (number | null)[]): Spread {
  const sorted = values.filter((value): value is number => value !== null && Number.isFinite(value)).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { count: sorted.length, median: at(0.5), p99: at(0.99), least: at(0), most: at(1) };
}
