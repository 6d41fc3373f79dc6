import { markdownTable } from "kafka-llm-chat";
import { compared, type Result, type Row } from "./Result.js";
import { spread } from "./spread.js";

/** A result as a table: medians, and from where to where they went. */
export function renderResult({ title, goal, contestants, rows, compare }: Result): string {
  const table = rows.map((row) => ({
    "": row.name,
    ...Object.fromEntries(contestants.map((name, index) => [name, cell(row.values[index] ?? [], row.unit)])),
    ...(compare === undefined ? {} : { [compare]: comparison(row, compare) }),
  }));
  return `### ${title}\n\n${goal === undefined ? "" : `Goal: ${goal}.\n\n`}${markdownTable(table)}\n`;
}

function comparison(row: Row, compare: "ratio" | "added"): string {
  const values = compared(row, compare);
  if (values.length === 0) return "";
  const { median, p99, least, most } = spread(values);
  if (compare === "ratio") return `${median.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`;
  return `${number(median)} ${row.unit}${values.length < 50 ? ` (${number(least)} to ${number(most)})` : `, p99 ${number(p99)}`}`;
}

function cell(values: number[], unit: string): string {
  if (values.length === 0) return "";
  const { median, least, most } = spread(values);
  return values.length === 1 ? `${number(median)} ${unit}` : `${number(median)} ${unit} (${number(least)} to ${number(most)})`;
}

function number(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}
