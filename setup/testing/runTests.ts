import fs from "node:fs";
import path from "node:path";
import { SetupError } from "../bootstrap/stage.mjs";
import { nextSignal } from "../nextSignal.js";
import { readContext, type Context } from "../stages/context.js";
import { runTestFile, type TestFileResult } from "./runTestFile.js";
import { startTestRun } from "./testRun.js";

/** Files of tests that one command runs. */
export interface TestSuite {
  /** What the names of its files end in. */
  ending: string;
  /** Folder of the logs, in `.state/log`. */
  logs: string;
  /** Whether one broker is started for all of them. */
  sharedBroker: boolean;
  /** Minutes that one file gets. Default 10. */
  limitMinutes?: number;
  /** Added to the environment of the files. */
  env?: Record<string, string>;
  /** Runs before the tests, which do not begin when it fails. @returns an exit code */
  first?: () => Promise<number>;
}

/**
 * Runs files of tests one after the other.
 * @param patterns only files whose name contains one of these; none: all
 * @returns the exit code
 */
export async function runTests({ ending, logs: folder, sharedBroker, limitMinutes = 10, env = {}, first }: TestSuite, patterns: string[]): Promise<number> {
  const context = readContext();
  const files = testFiles(context, ending, patterns);
  const stopped = nextSignal();
  if (first !== undefined && (await first()) !== 0) return 1;

  const logs = path.join(context.state, "log", folder);
  fs.rmSync(logs, { recursive: true, force: true });
  fs.mkdirSync(logs, { recursive: true });
  const run = await startTestRun(context, { logs, sharedBroker, signal: stopped.signal });
  const results = new Map<string, TestFileResult>();
  let left: string[];
  try {
    for (const file of files) {
      if (stopped.signal.aborted) break;
      const name = path.basename(file, ending.replace(/ts$/, "js"));
      console.log(`\n${name}`);
      results.set(name, await runTestFile({ file, env: { ...run.env, ...env }, log: path.join(logs, `${name}.log`), cwd: context.root, limitMinutes, signal: stopped.signal }));
    }
  } finally {
    left = await run.stop();
  }
  return summarize(results, left, { logs, sharedBroker, aborted: stopped.signal.aborted });
}

/** Of the sources that are there now: what was compiled from one that is gone does not count. */
function testFiles({ root }: Context, ending: string, patterns: string[]): string[] {
  const names = fs.readdirSync(path.join(root, "test"), { recursive: true, encoding: "utf8" });
  const all = names.filter((name) => name.endsWith(ending)).sort();
  const chosen = all.filter((name) => patterns.length === 0 || patterns.some((pattern) => path.basename(name).includes(pattern)));
  if (chosen.length === 0) throw new SetupError(`No file of tests has a name with ${patterns.join(" or ")}. There are:\n  ${all.join("\n  ")}`);
  return chosen.map((name) => path.join(root, ".state", "build", "test", name.replace(/\.ts$/, ".js")));
}

function summarize(
  results: Map<string, TestFileResult>, left: string[], { logs, sharedBroker, aborted }: { logs: string; sharedBroker: boolean; aborted: boolean },
): number {
  console.log("\nSeconds a file:");
  for (const [name, { passed, seconds }] of results) console.log(`  ${passed ? "✔" : "✖"} ${name.padEnd(30)} ${seconds.toFixed(1).padStart(6)} s`);
  const failed = [...results].filter(([, { passed }]) => !passed);
  for (const [name, { failures }] of failed) {
    const titles = failures.length > 0 ? failures : ["it ended before its tests did"];
    console.log(`\n✖ ${name} failed:\n${titles.map((title) => `    ${title}`).join("\n")}\n  What was expected stands above, and in ${path.join(logs, `${name}.log`)}${sharedBroker ? `; the broker's log is ${path.join(logs, "kafka.log")}` : ""}`);
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
