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

/** The headlines of many results as one table. */
export function renderHeadlines(results: Result[]): string {
  return markdownTable(results.flatMap(({ title, goal, goalOf, contestants, rows, compare }) => rows.filter(({ headline }) => headline === true).map((row) => ({
    measured: `${title}: ${row.name}`,
    median: contestants.map((name, index) => short(name, row, index, compare)).filter((text) => text !== "").join("; "),
    "held against": compare === undefined ? "" : comparison(row, compare),
    goal: goalOf === undefined || goalOf.includes(row.name) ? goal ?? "" : "",
  }))));
}

function short(name: string, { values, unit }: Row, index: number, compare: Result["compare"]): string {
  const { count, median, least, most } = spread(values[index] ?? []);
  if (count === 0) return "";
  // Where it is held against nothing, this is the only place that tells how far it went.
  return `${name} ${number(median)} ${unit}${compare === undefined && count > 1 ? ` (${number(least)} to ${number(most)})` : ""}`;
}

function comparison(row: Row, compare: "ratio" | "added"): string {
  const values = compared(row, compare);
  if (values.length === 0) return "";
  const { median, p99, least, most } = spread(values);
  if (compare === "ratio") return `${median.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`;
  return `${number(median)} ${row.unit}${values.length < 50 ? ` (${number(least)} to ${number(most)})` : `, p99 ${number(p99)} ${row.unit}, ${values.length} times`}`;
}

function cell(values: number[], unit: string): string {
  const { count, median, least, most } = spread(values);
  if (count === 0) return "";
  return count === 1 ? `${number(median)} ${unit}` : `${number(median)} ${unit} (${number(least)} to ${number(most)})`;
}

function number(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}
