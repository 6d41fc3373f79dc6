import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";

/** A folder of a test's own, outside the repository, so that nothing is found by looking upwards. */
export function temporaryFolder(name: string): string {
  return fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), `${name} `));
}

/** Copies what a clone would have: no packages, nothing compiled, no state. */
export function copyRepository(folder: string): void {
  const left = new Set([".git", ".state", "node_modules", "dist"]);
  fs.cpSync(repositoryRoot, folder, { recursive: true, filter: (source) => !left.has(path.basename(source)) });
  leaveGpuBuildsOut(path.join(folder, "package-lock.json"));
}

/** 610 MB of the 1.1 GB that npm would install, and nothing that a test of the set-up looks at. */
function leaveGpuBuildsOut(lockfile: string): void {
  const lock = JSON.parse(fs.readFileSync(lockfile, "utf8")) as { packages: Record<string, { optionalDependencies?: Record<string, string> }> };
  const gpu = /@node-llama-cpp\/.*(cuda|vulkan)/;
  const without = <T>(entries: Record<string, T>) => Object.fromEntries(Object.entries(entries).filter(([name]) => !gpu.test(name)));
  lock.packages = without(lock.packages);
  for (const entry of Object.values(lock.packages)) {
    if (entry.optionalDependencies !== undefined) entry.optionalDependencies = without(entry.optionalDependencies);
  }
  fs.writeFileSync(lockfile, JSON.stringify(lock, null, 2));
}

/** A folder for PATH with nothing but the programs named, and where their real files are: no Java, no tslab. */
export function makePath(folder: string, programs: Record<string, string>): string {
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, target] of Object.entries(programs)) fs.symlinkSync(target, path.join(folder, name));
  return folder;
}

/** What set-up needs of a machine: Node with npm, a shell, Python. */
export function bareMachine(): Record<string, string> {
  const npm = process.env["npm_execpath"] ?? fs.realpathSync(which("npm"));
  return { node: process.execPath, npm, sh: "/bin/sh", env: which("env"), cat: which("cat"), ps: which("ps"), python3: basePython() };
}

/** Puts a program on a PATH that prints a text, whatever it is asked. */
export function fakeProgram(folder: string, name: string, prints: string): void {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, name), `#!/bin/sh\ncat <<'END'\n${prints}\nEND\n`, { mode: 0o755 });
}

/** The Python that the virtual environment was made with. */
export function basePython(): string {
  return fs.realpathSync(path.join(venvFolder(), "bin", "python"));
}

export function venvFolder(): string {
  return path.join(process.env["KAFKA_LLM_CHAT_STATE"] ?? path.join(repositoryRoot, ".state"), "venv");
}

export interface Program {
  child: ChildProcess;
  /** Standard output and error together, so far. */
  output(): string;
  /** Waits for a text in the output. */
  says(text: string | RegExp, seconds?: number): Promise<string>;
  /** Its exit code, when it has ended by itself. */
  ended: Promise<number | null>;
}

/** Starts a program in a process group of its own, with exactly this environment. */
export function start(command: string, args: string[], { cwd = repositoryRoot, env }: { cwd?: string; env: NodeJS.ProcessEnv }): Program {
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const ended = once(child, "close").then(([code]) => code as number | null);
  const says = (words: string | RegExp, seconds = 60) =>
    waitUntil(() => (typeof words === "string" ? text.includes(words) && words : new RegExp(words).exec(text)?.[0]), {
      description: `${command} did not say ${String(words)}; it said:\n${text}\nThat was all`, timeoutMs: seconds * 1_000,
    });
  return { child, output: () => text, says, ended };
}

/** Runs a program to its end. */
export async function run(command: string, args: string[], options: { cwd?: string; env: NodeJS.ProcessEnv }): Promise<{ code: number | null; output: string; seconds: number }> {
  const begun = performance.now();
  const program = start(command, args, options);
  const code = await program.ended;
  return { code, output: program.output(), seconds: (performance.now() - begun) / 1_000 };
}

/** The own environment without settings of ours, npm's, and Java's, and with others. */
export function environment(own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(KAFKA_|CHAT_|JUPYTER|JAVA_|npm_(?!config_))/.test(name));
  return { ...Object.fromEntries(inherited), ...own };
}

function which(program: string): string {
  const found = (process.env["PATH"] ?? "").split(path.delimiter).map((folder) => path.join(folder, program)).find((file) => fs.existsSync(file));
  return found ?? program;
}
