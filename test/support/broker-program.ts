import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** Another process that starts a daemon or a broker: see broker-starter.ts. */
export type StarterTask =
  | { kind: "daemon"; name: string; stateDirectory: string; code: string; readyFile?: string; stay?: boolean }
  | { kind: "kafka"; port: number; stateDirectory: string; jarsDirectory: string };

/** Starts that process, in a process group of its own as a terminal's job is. */
export function spawnStarter(task: StarterTask): ChildProcess {
  const file = fileURLToPath(new URL("broker-starter.js", import.meta.url));
  return spawn(process.execPath, [file, JSON.stringify(task)], { detached: true, stdio: ["ignore", "pipe", "inherit"] });
}

/** Runs it to its end. Resolves with the daemon's pid. */
export async function runStarter(task: StarterTask): Promise<number> {
  const child = spawnStarter(task);
  const [output] = await Promise.all([text(child.stdout!), once(child, "exit")]);
  return Number(output);
}

/** A command line of lib's: its exit code and what it prints. */
export async function runCommand(module: string, args: string[], env: Record<string, string>): Promise<{ code: number; output: string }> {
  const code = `const { main } = await import(${JSON.stringify(module)}); process.exitCode = await main(process.argv.slice(1));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code, "--", ...args], {
    env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code: child.exitCode ?? -1, output: output + errors };
}
