import type { OnProgress } from "../progress.js";

/**
 * Tells every tenth of a download, so that a log of it stays readable.
 * @param tell Default: stderr, so that replies alone are on stdout.
 */
export function progressLine(tell: (line: string) => void = console.error): OnProgress {
  let current = "";
  let told = -1;
  return ({ what, done, total }) => {
    if (what !== current) told = -1;
    current = what;
    const tenth = total === undefined ? 0 : Math.floor((10 * done) / total);
    if (tenth <= told) return;
    told = tenth;
    tell(`${what}: ${tenth * 10} % of ${Math.round((total ?? 0) / 1e6)} MB`);
  };
}
