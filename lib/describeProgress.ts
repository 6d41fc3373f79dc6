import type { OnProgress, Progress } from "./progress.js";

/** A report of progress as a person reads it. */
export interface ProgressText {
  /** Whole per cent; undefined where nobody knows how much there is. */
  percent: number | undefined;
  /** Empty where per cent are all that is known. How much of how much, and for bytes how fast and how long yet: `12.3 of 491.4 MB, 5.1 MB/s, 1 min 34 s left`. */
  amount: string;
}

/** Milliseconds over which the rate is taken, and from which on there is one. */
const WINDOW = 10_000;
const FIRST_RATE = 1000;

/**
 * Puts reports of progress into words, and leaves out those that come too soon after the one before: a new per cent or a new
 * thing to do is told at once, the same per cent again after so many milliseconds.
 * @param tell Gets what a report is about, and its words.
 * @param step Per cent from which on a report is new. Default 1.
 * @param now The clock, in milliseconds.
 */
export function describeProgress(tell: (what: string, text: ProgressText) => void, { everyMs, step = 1, now = () => performance.now() }: { everyMs: number; step?: number; now?: () => number }): OnProgress {
  let current = "";
  let samples: { at: number; done: number }[] = [];
  let told: { at: number; steps: number } | undefined;
  return (progress) => {
    const { what, done, total } = progress;
    const at = now();
    if (what !== current) told = undefined;
    // A transfer that begins again has no rate yet.
    if (what !== current || done < (samples.at(-1)?.done ?? 0)) samples = [];
    current = what;
    // Reports may come with each piece of a transfer; ten a second are enough for a rate.
    if (at - (samples.at(-1)?.at ?? -Infinity) >= 100) samples.push({ at, done });
    while (at - (samples[1]?.at ?? at) > WINDOW) samples.shift();
    const percent = total === undefined ? undefined : total === 0 ? 100 : Math.floor((100 * done) / total);
    const steps = Math.floor((percent ?? 0) / step);
    if (told !== undefined && steps <= told.steps && at - told.at < everyMs) return;
    if (told !== undefined && done === total && told.steps === steps) return;
    told = { at, steps };
    const [first] = samples;
    const rate = first === undefined || at - first.at < FIRST_RATE ? 0 : (1000 * (done - first.done)) / (at - first.at);
    tell(what, { percent, amount: amountOf(progress, rate) });
  };
}

function amountOf({ done, total, unit }: Progress, rate: number): string {
  if (unit === "percent") return "";
  const amount = (count: number): string => (unit === "bytes" ? megabytes(count) : String(count));
  const name = unit === "bytes" ? "MB" : "files";
  const words = [total === undefined ? `${amount(done)} ${name} so far` : `${amount(done)} of ${amount(total)} ${name}`];
  // How long one file takes says little of the next one.
  if (unit === "bytes" && rate > 0 && done !== total) {
    words.push(`${megabytes(rate)} MB/s`);
    if (total !== undefined) words.push(`${duration((total - done) / rate)} left`);
  }
  return words.join(", ");
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
