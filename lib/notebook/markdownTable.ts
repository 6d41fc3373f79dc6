/** A table in Markdown, for `tslab.display.markdown()`: a row for each object, a column for each of its fields. */
export function markdownTable(rows: readonly Readonly<Record<string, Value>>[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [columns, columns.map(() => "---"), ...rows.map((row) => columns.map((column) => cell(row[column])))];
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
}

type Value = string | number | bigint | boolean | undefined;

function cell(value: Value): string {
  return String(value ?? "").replaceAll("|", "\\|").replaceAll("\n", " ");
}
