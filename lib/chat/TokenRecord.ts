/** Which attempt at a reply a piece belongs to: [claim of the partition, attempt under that claim]. Higher ones win. */
export type Attempt = readonly [claim: number, attempt: number];

/** A piece of a reply that is being written, as it stands in the token topic. */
export interface TokenRecord {
  /** Id of the reply. */
  reply: string;
  attempt: Attempt;
  /** 0, 1, 2 … within the attempt. */
  index: number;
  /** Whole code points. */
  text: string;
  /** Nothing follows. */
  last: boolean;
}

export function serializeTokens({ reply, attempt, index, text, last }: TokenRecord): string {
  return JSON.stringify({ v: 1, reply, attempt, index, text, last });
}

/** A record of the token topic, or undefined where a foreign program has written something else: pieces are a preview, and may be missed. */
export function parseTokens(value: Buffer | null): TokenRecord | undefined {
  try {
    const { v, reply, attempt, index, text, last } = JSON.parse(value?.toString() ?? "") as Record<string, unknown>;
    const fits = v === 1 && typeof reply === "string" && Array.isArray(attempt) && attempt.length === 2 && attempt.every(Number.isInteger)
      && typeof index === "number" && typeof text === "string" && typeof last === "boolean";
    return fits ? { reply, attempt: attempt as unknown as Attempt, index, text, last } : undefined;
  } catch {
    return undefined;
  }
}

/** Negative when the first attempt is the older one, 0 when they are the same. */
export function compareAttempts(a: Attempt, b: Attempt): number {
  return a[0] - b[0] || a[1] - b[1];
}
