/** One line of a table: the same thing measured of every contestant. */
export interface Row {
  name: string;
  unit: string;
  /** By contestant, one value a measurement; those with the same index were measured beside each other. */
  values: number[][];
  /** Stands in the README's table too. Default false. */
  headline?: boolean;
}

/** What one measurement gives. */
export interface Result {
  title: string;
  /** What was aimed at, in words. */
  goal?: string;
  /** Names of the rows that the goal is about. Default: all. */
  goalOf?: string[];
  /** The first is ours, the second what it is held against. */
  contestants: string[];
  rows: Row[];
  /** How the first contestant is held against the second: as a ratio, or by what it adds, in the row's unit. Default: not at all. */
  compare?: "ratio" | "added";
}

/** The comparisons of a row, one for each pair that was measured beside each other. */
export function compared({ values: [ours = [], other = []] }: Row, compare: "ratio" | "added"): number[] {
  return ours.flatMap((value, index) => {
    const beside = other[index];
    return beside === undefined || !Number.isFinite(value) || !Number.isFinite(beside) ? [] : [compare === "ratio" ? value / beside : value - beside];
  });
}
