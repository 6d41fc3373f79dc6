import fs from "node:fs";

/** A notebook as it lies on disk (nbformat 4.5), as far as it concerns us. */
export interface Notebook {
  cells: Cell[];
  metadata: { kernelspec?: { name: string; language?: string; display_name?: string } };
}

export interface Cell {
  cell_type: "code" | "markdown" | "raw";
  source: string | string[];
  metadata: { tags?: string[] };
  execution_count?: number | null;
  outputs?: Output[];
}

export type Output =
  | { output_type: "stream"; name: "stdout" | "stderr"; text: string | string[] }
  | { output_type: "display_data" | "execute_result"; data: Record<string, string | string[] | object>; metadata: object; execution_count?: number | null }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

export function readNotebook(file: string): Notebook {
  return JSON.parse(fs.readFileSync(file, "utf8")) as Notebook;
}

/** As Jupyter writes it, so that saving it there changes nothing. */
export function writeNotebook(file: string, notebook: Notebook): void {
  fs.writeFileSync(file, `${JSON.stringify(notebook, null, 1)}\n`);
}

/** Jupyter writes a text as a list of lines. */
export function toText(text: string | string[]): string {
  return typeof text === "string" ? text : text.join("");
}

/** @returns lines, each with its line break but for the last */
export function toLines(text: string): string[] {
  return text.split(/(?<=\n)/);
}

export function sourceOf({ source }: Cell): string {
  return toText(source);
}

export function hasTag({ metadata }: Cell, tag: CellTag): boolean {
  return metadata.tags?.includes(tag) === true;
}

/**
 * What a code cell's tags say of its outputs; without one they are the same wherever it runs.
 * - `varies`: they differ from machine to machine
 * - `model`: they are what the embedded model says
 * - both: the model's words, in a form that differs from run to run; not compared, but brought up to date with the model's
 */
export type CellTag = "varies" | "model";

/** What is seen of an output: text, or whatever it is under its MIME types. */
export function outputText(output: Output): string {
  if (output.output_type === "stream") return toText(output.text);
  if (output.output_type === "error") return output.traceback.join("\n");
  return Object.values(output.data).map((data) => (typeof data === "string" || Array.isArray(data) ? toText(data as string | string[]) : JSON.stringify(data))).join("\n");
}

/** Lines of progress that showProgress() writes: they appear only where there is something to wait for. */
export function isProgress(output: Output): boolean {
  return output.output_type === "display_data" && /[█░]{10}| MB so far/.test(outputText(output));
}
