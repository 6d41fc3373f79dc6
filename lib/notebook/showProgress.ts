import { describeProgress } from "../describeProgress.js";
import type { OnProgress } from "../progress.js";

/** A display of tslab: `tslab.newDisplay()`. */
export interface TextDisplay {
  text(text: string): void;
}

const BAR = 30;

/**
 * Shows progress in one line that is written anew: how much of how much, how fast, and how long yet. Without a bar where nobody
 * knows how much there is. Nothing is shown where nothing is to be done.
 * @param newDisplay `tslab.newDisplay`
 */
export function showProgress(newDisplay: () => TextDisplay): OnProgress {
  let display: TextDisplay | undefined;
  return describeProgress((what, { percent, amount }) => {
    const bar = percent === undefined ? "" : `${"█".repeat(Math.min(BAR, Math.round((BAR * percent) / 100))).padEnd(BAR, "░")}  ${percent} %  `;
    (display ??= newDisplay()).text(`${what}  ${bar}${amount}`.trimEnd());
  }, { everyMs: 500 });
}
