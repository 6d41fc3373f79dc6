import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";

export interface TestFileResult {
  passed: boolean;
  /** Titles of the tests that failed. */
  failures: string[];
  seconds: number;
}

export interface TestFileOptions {
  /** Compiled. */
  file: string;
  env: NodeJS.ProcessEnv;
  log: string;
  cwd: string;
  /** Minutes that it gets; the slowest of npm test takes about three. */
  limitMinutes: number;
  /** Ends it, and what it has started in its process group. */
  signal: AbortSignal;
}

/** Runs one file of tests in a process of its own and shows its report, without the counts that end it. */
export async function runTestFile({ file, env, log, cwd, limitMinutes, signal }: TestFileOptions): Promise<TestFileResult> {
  const begun = performance.now();
  const output = fs.openSync(log, "w");
  const colour = process.stdout.isTTY ? { FORCE_COLOR: "1" } : {};
  // A process group of its own: Ctrl+C reaches this program alone, which then ends the group.
  const child = spawn(process.execPath, ["--enable-source-maps", "--test-reporter=spec", file], {
    cwd, env: { ...env, ...colour }, detached: true, stdio: ["ignore", "pipe", "pipe"],
  });
  const endGroup = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It has ended.
    }
  };
  const end = () => {
    endGroup("SIGTERM");
    setTimeout(() => endGroup("SIGKILL"), 5_000).unref();
  };
  signal.addEventListener("abort", end, { once: true });
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    end();
  }, limitMinutes * 60_000);

  const failures = new Set<string>();
  let listing = false;
  const readers = [child.stdout, child.stderr].map((stream) => createInterface({ input: stream }));
  for (const reader of readers) {
    reader.on("line", (line) => {
      fs.writeSync(output, `${line}\n`);
      const plain = stripVTControlCharacters(line);
      listing ||= plain.startsWith("✖ failing tests");
      const failure = /^\s*✖ (.+?)( \([\d.]+ms\))?$/.exec(plain)?.[1];
      if (failure !== undefined && listing && !failure.startsWith("failing tests")) failures.add(failure);
      if (!plain.startsWith("ℹ ") && plain.trim() !== "") console.log(line);
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(limit);
  signal.removeEventListener("abort", end);
  fs.closeSync(output);
  if (late) failures.add(`not done after ${limitMinutes} minutes`);
  return { passed: code === 0, failures: [...failures], seconds: (performance.now() - begun) / 1000 };
}
