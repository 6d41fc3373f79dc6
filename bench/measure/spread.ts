/** Several measurements of one thing. */
export interface Spread {
  median: number;
  p95: number;
  least: number;
  most: number;
  count: number;
}

export function spread(values: number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { median: at(0.5), p95: at(0.95), least: at(0), most: at(1), count: sorted.length };
}
