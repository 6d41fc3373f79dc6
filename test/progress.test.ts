import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { showProgress } from "kafka-llm-chat";
import { progressLine } from "kafka-llm-chat/internal/commands/progressLine.js";
import { describeProgress } from "kafka-llm-chat/internal/describeProgress.js";

/** What is told of reports of bytes, each with the time in milliseconds at which it comes. */
function told(reports: { at: number; done: number; what?: string }[], total: number | undefined, options: { everyMs: number; step?: number }): string[] {
  const lines: string[] = [];
  let clock = 0;
  const report = describeProgress((what, { percent, amount }) => lines.push(`${what} ${percent ?? "?"} % ${amount}`), { ...options, now: () => clock });
  for (const { at, done, what = "file" } of reports) {
    clock = at;
    report({ what, done, total, unit: "bytes" });
  }
  return lines;
}

describe("progress is told", () => {
  test("with how much of how much, how fast, and how long yet", () => {
    assert.deepEqual(told([{ at: 0, done: 0 }, { at: 2000, done: 10e6 }, { at: 4000, done: 20e6 }, { at: 100_000, done: 1000e6 }], 1000e6, { everyMs: 500 }), [
      "file 0 % 0.0 of 1000.0 MB",
      "file 1 % 10.0 of 1000.0 MB, 5.0 MB/s, 3 min 18 s left",
      "file 2 % 20.0 of 1000.0 MB, 5.0 MB/s, 3 min 16 s left",
      "file 100 % 1000.0 of 1000.0 MB",
    ]);
  });

  test("without a rate of what an earlier download has left, and with a rate of the last ten seconds", () => {
    const lines = told([{ at: 0, done: 500e6 }, { at: 1000, done: 501e6 }, { at: 11_001, done: 501e6 }, { at: 13_000, done: 503e6 }], 1000e6, { everyMs: 500 });
    assert.deepEqual(lines.map((line) => /[\d.]+ MB\/s.*/.exec(line)?.[0]), [undefined, "1.0 MB/s, 8 min 19 s left", undefined, "0.2 MB/s, 49 min 42 s left"]);
  });

  test("without per cent and time where nobody knows how much there is", () => {
    assert.deepEqual(told([{ at: 0, done: 0 }, { at: 100, done: 1e6 }, { at: 1000, done: 10e6 }], undefined, { everyMs: 500 }), ["file ? % 0.0 MB so far", "file ? % 10.0 MB so far, 10.0 MB/s"]);
  });

  test("again at a new per cent, after a while, and for a new thing to do", () => {
    const reports = [{ at: 0, done: 0 }, { at: 100, done: 9 }, { at: 200, done: 10 }, { at: 300, done: 10 }, { at: 900, done: 11 }, { at: 1000, done: 100 }, { at: 2000, done: 100 }, { at: 2001, done: 5, what: "check" }];
    assert.deepEqual(told(reports, 100, { everyMs: 500, step: 10 }).map((line) => line.split(" %")[0]), ["file 0", "file 10", "file 11", "file 100", "check 5"]);
  });

  test("in one line of a cell, with a bar", () => {
    const texts: string[] = [];
    let displays = 0;
    const report = showProgress(() => (displays++, { text: (text) => texts.push(text) }));
    for (const done of [1e6, 2e6]) report({ what: "file", done, total: 2e6, unit: "bytes" });
    report({ what: "other", done: 1e6, total: undefined, unit: "bytes" });
    assert.equal(displays, 1);
    assert.deepEqual(texts, [`file  ${"█".repeat(15)}${"░".repeat(15)}  50 %  1.0 of 2.0 MB`, `file  ${"█".repeat(30)}  100 %  2.0 of 2.0 MB`, "other  1.0 MB so far"]);
  });

  test("in a terminal a line every tenth", () => {
    const lines: string[] = [];
    const report = progressLine((line) => lines.push(line));
    for (let done = 0; done <= 100; done++) report({ what: "compiling", done, total: 100, unit: "files" });
    assert.equal(lines.length, 11);
    assert.equal(lines[1], "compiling: 10 %, 10 of 100 files");
  });
});
