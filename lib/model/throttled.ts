import type { OnProgress } from "../progress.js";

/** Reports at most ten times a second, and the end. */
export function throttled(onProgress: OnProgress | undefined, what: string, total: number): (done: number) => void {
  let last = -Infinity;
  return (done) => {
    const now = performance.now();
    if (done < total && now - last < 100) return;
    last = now;
    onProgress?.({ what, done, total, unit: "bytes" });
  };
}
