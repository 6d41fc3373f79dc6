import fs from "node:fs";
import path from "node:path";
import { SetupError } from "./bootstrap/stage.mjs";
import { main as lint } from "./lint.js";
import { nextSignal } from "./nextSignal.js";
import { readContext, type Context } from "./stages/context.js";
import { runTestFile, type TestFileResult } from "./testing/runTestFile.js";
import { startTestRun } from "./testing/testRun.js";

/**
 * `npm test`: lint, then every file of tests one after the other, with one broker for all.
 * @param argv only files whose name contains one of these, and no lint; none: everything
 * @returns the exit code
 */
export async function main(argv: string[]): Promise<number> {
  const context = readContext();
  const files = testFiles(context, argv);
  const stopped = nextSignal();
  if (argv.length === 0 && (await lint([])) !== 0) return 1;

  const logs = path.join(context.state, "log", "test");
  fs.rmSync(logs, { recursive: true, force: true });
  fs.mkdirSync(logs, { recursive: true });
  const run = await startTestRun(context, logs, stopped.signal);
  const results = new Map<string, TestFileResult>();
  let left: string[];
  try {
    for (const file of files) {
      if (stopped.signal.aborted) break;
      const name = path.basename(file, ".test.js");
      console.log(`\n${name}`);
      results.set(name, await runTestFile({ file, env: run.env, log: path.join(logs, `${name}.log`), cwd: context.root, signal: stopped.signal }));
    }
  } finally {
    left = await run.stop();
  }
  return summarize(results, left, logs, stopped.signal.aborted);
}

/** Of the sources that are there now: what was compiled from one that is gone does not count. */
function testFiles({ root }: Context, patterns: string[]): string[] {
  const names = fs.readdirSync(path.join(root, "test"), { recursive: true, encoding: "utf8" });
  const all = names.filter((name) => name.endsWith(".test.ts")).sort();
  const chosen = all.filter((name) => patterns.length === 0 || patterns.some((pattern) => path.basename(name).includes(pattern)));
  if (chosen.length === 0) throw new SetupError(`No file of tests has a name with ${patterns.join(" or ")}. There are:\n  ${all.join("\n  ")}`);
  return chosen.map((name) => path.join(root, ".state", "build", "test", name.replace(/\.ts$/, ".js")));
}

function summarize(results: Map<string, TestFileResult>, left: string[], logs: string, aborted: boolean): number {
  console.log("\nSeconds a file:");
  for (const [name, { passed, seconds }] of results) console.log(`  ${passed ? "✔" : "✖"} ${name.padEnd(30)} ${seconds.toFixed(1).padStart(6)} s`);
  const failed = [...results].filter(([, { passed }]) => !passed);
  for (const [name, { failures }] of failed) {
    const titles = failures.length > 0 ? failures : ["it ended before its tests did"];
    console.log(`\n✖ ${name} failed:\n${titles.map((title) => `    ${title}`).join("\n")}\n  What was expected stands above, and in ${path.join(logs, `${name}.log`)}; the broker's log is ${path.join(logs, "kafka.log")}`);
  }
  if (left.length > 0) console.log(`\n✖ The tests left behind (now ended):\n${left.map((line) => `    ${line}`).join("\n")}`);
  if (aborted) {
    console.log("\nStopped before the end.");
    return 130;
  }
  if (failed.length > 0 || left.length > 0) return 1;
  console.log(`\nAll ${results.size} files passed, nothing was left behind.`);
  return 0;
}
