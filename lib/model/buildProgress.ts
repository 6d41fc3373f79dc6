import type { Progress } from "../progress.js";

/** How far a compilation is, by a line that it prints: ninja counts files (`[12/297]`), CMake's Makefiles tell a percentage (`[ 50%]`). Undefined for other lines. */
export function buildProgress(line: string): Progress | undefined {
  const what = "compiling llama.cpp";
  const [, done, total] = /^\[(\d+)\/(\d+)\]/.exec(line) ?? [];
  if (done !== undefined) return { what, done: Number(done), total: Number(total), unit: "files" };
  const [, percent] = /^\[ *(\d+)%\]/.exec(line) ?? [];
  return percent === undefined ? undefined : { what, done: Number(percent), total: 100, unit: "percent" };
}
