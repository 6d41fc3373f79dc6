import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Bench } from "./Bench.js";

const END_LIMIT_MS = 5_000;

/**
 * Runs a command to its end, in a process group of its own, so that all that it has started ends with it.
 * @throws Error with the last of its output when its exit code is not 0.
 */
export async function runCommand(bench: Bench, command: string, args: string[], { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv }): Promise<void> {
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let tail = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (tail = (tail + text).slice(-2_000)));
  const closed = once(child, "close") as Promise<[number | null]>;
  closed.catch(() => undefined);
  bench.later(async () => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const { pid } = child;
    signalGroup(pid, "SIGTERM");
    const limit = setTimeout(() => signalGroup(pid, "SIGKILL"), END_LIMIT_MS);
    await closed.finally(() => clearTimeout(limit));
  });
  const [code] = await closed;
  if (code !== 0) throw new Error(`"${[command, ...args].join(" ")}" ended with exit code ${code}. The last of its output:\n${tail}`);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The last of them has ended meanwhile.
  }
}
