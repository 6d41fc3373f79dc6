import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { readSettings } from "kafka-llm-chat";
import { runLogged } from "kafka-llm-chat/internal/model/runLogged.js";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import type { Bench } from "../support/Bench.js";
import { forkProgram } from "../support/forkProgram.js";
import type { Result, Row } from "../support/Result.js";

/** Point 8: from nothing to the first reply. */
export async function measureStart(bench: Bench): Promise<Result[]> {
  const rows: Row[] = ["set-up from nothing", "second set-up", "broker", "model", "assistant", "first reply"].map((name) => ({ name, unit: "s", values: [[]], headline: true }));
  const time = async <Value>(row: number, work: () => Promise<Value>): Promise<Value> => {
    const started = performance.now();
    const value = await work();
    rows[row]?.values[0]?.push((performance.now() - started) / 1000);
    return value;
  };
  for (let round = 0; round < (bench.options.long ? bench.options.rounds : 1); round++) {
    bench.progress("set-up from nothing, in a copy of the repository");
    await bench.run(async () => {
      const copy = await copyOfRepository(bench);
      await time(0, () => setUp(bench, copy));
      await time(1, () => setUp(bench, copy));
    });
  }
  for (let round = 0; round < bench.options.rounds; round++) {
    bench.progress(`round ${round + 1} of ${bench.options.rounds}`);
    const took = await bench.run(() => firstReply(bench));
    for (const [index, seconds] of took.entries()) rows[2 + index]?.values[0]?.push(seconds);
  }
  return [{ title: "Start", contestants: ["takes"], rows }];
}

/** Seconds of each step. The process stops what it has started, also where the measurement is interrupted. */
async function firstReply(bench: Bench): Promise<number[]> {
  const { child, ended, message } = forkProgram<number[]>("startProgram.js", []);
  bench.later(async () => {
    if (child.connected) child.disconnect();
    await ended;
  });
  return message;
}

/** Ends, with all that it has started, where the measurement is interrupted. */
async function setUp(bench: Bench, copy: string): Promise<void> {
  const interrupted = new AbortController();
  const log = path.join(readSettings().stateDirectory, "log", "bench-set-up.log");
  const running = runLogged(process.execPath, ["setup/run.mjs", "setup"], { cwd: copy, env: withoutState(), log, signal: interrupted.signal });
  bench.later(async () => {
    interrupted.abort();
    await running.catch(() => undefined);
  });
  await running;
}

/** What git knows of, without what was installed. */
async function copyOfRepository(bench: Bench): Promise<string> {
  const copy = await mkdtemp(path.join(os.tmpdir(), "kafka-llm-chat-"));
  bench.later(() => rm(copy, { recursive: true, force: true }));
  const { stdout } = await promisify(execFile)("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: repositoryRoot, maxBuffer: 64 * 1024 * 1024 });
  for (const file of stdout.split("\0").filter((name) => name !== "")) {
    await mkdir(path.dirname(path.join(copy, file)), { recursive: true });
    await cp(path.join(repositoryRoot, file), path.join(copy, file));
  }
  return copy;
}

function withoutState(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "KAFKA_LLM_CHAT_STATE"));
}
