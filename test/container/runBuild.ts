import { execa } from "execa";

/**
 * Runs a build with all its output in a file.
 * @throws Error with the last lines
 */
export async function runBuild(program: string, args: string[], { env, log }: { env: Record<string, string>; log: string }): Promise<void> {
  const output = [{ file: log, append: true }, "pipe" as const];
  const { failed, exitCode, all } = await execa(program, args, { env, stdin: "ignore", stdout: output, stderr: output, all: true, reject: false });
  if (!failed) return;
  throw new Error(`${program} ${args[0] ?? ""} ended with ${exitCode ?? "no exit code"}. Its last lines, of ${log}:\n${all.trimEnd().split("\n").slice(-20).join("\n")}`);
}
