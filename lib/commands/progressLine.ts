import { describeProgress } from "../describeProgress.js";
import type { OnProgress } from "../progress.js";

/**
 * Tells of long work a line every tenth, and every 15 s: a log of it stays readable, and a person sees that it gets on.
 * @param tell Default: stderr, so that replies alone are on stdout.
 */
export function progressLine(tell: (line: string) => void = console.error): OnProgress {
  return describeProgress((what, { percent, amount }) => tell(`${what}: ${[percent === undefined ? "" : `${percent} %`, amount].filter((words) => words !== "").join(", ")}`), { everyMs: 15_000, step: 10 });
}
