import type { OnProgress } from "../progress.js";

/** A display of tslab: `tslab.newDisplay()`. */
export interface TextDisplay {
  text(text: string): void;
}

const BAR = 30;

/**
 * Shows progress in one line that is written anew. Nothing is shown where nothing is to be done.
 * @param newDisplay `tslab.newDisplay`
 */
export function showProgress(newDisplay: () => TextDisplay): OnProgress {
  let display: TextDisplay | undefined;
  let shown = -1;
  return ({ what, done, total = done, unit }) => {
    const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
    if (percent === shown) return;
    shown = percent;
    const bar = "█".repeat(Math.round((BAR * percent) / 100)).padEnd(BAR, "░");
    const amount = unit === "bytes" ? `${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB` : `${done} of ${total} files`;
    (display ??= newDisplay()).text(`${what}  ${bar}  ${percent} %  ${amount}`);
  };
}
