import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { access, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { javaCommand, type JavaProgram } from "./javaCommand.js";

/** The folder of a broker's records, and what Kafka's tool has to know to prepare it. */
export interface BrokerStorage {
  /** Relative to the broker's working directory. */
  logDirectory: string;
  /** The broker's properties, with its records in another folder. */
  properties: (logDirectory: string) => string;
  /** The same for all brokers of a cluster. Default: a new one. */
  clusterId?: string;
  /** Further arguments, such as `--add-scram` and a user. */
  args?: string[];
}

/**
 * Prepares the folder of the records for KRaft, once. It is formatted under another name and then renamed, so that an
 * interrupted format leaves nothing that looks finished; formatting a folder twice would fail.
 * @throws Error with what the tool printed.
 */
export async function formatStorage(
  program: Omit<JavaProgram, "main" | "args">, { logDirectory, properties, clusterId = newClusterId(), args: more = [] }: BrokerStorage, signal?: AbortSignal,
): Promise<void> {
  const { directory } = program;
  const target = path.join(directory, logDirectory);
  if (await exists(path.join(target, "meta.properties"))) return;

  const draft = `${logDirectory}.formatting`;
  const file = "format.properties";
  await rm(path.join(directory, draft), { recursive: true, force: true });
  const { command, args, cwd, env } = await javaCommand({
    ...program, main: "kafka.tools.StorageTool", args: ["format", "--cluster-id", clusterId, "--config", file, ...more],
  });
  await writeFile(path.join(directory, file), properties(draft));
  await promisify(execFile)(command, args, { cwd, env: { ...process.env, ...env }, signal, timeout: 60_000 }).catch((error: Error & { stdout?: string; stderr?: string }) => {
    signal?.throwIfAborted();
    throw new Error(`Formatting ${target} for Kafka failed: ${`${error.stdout ?? ""}${error.stderr ?? ""}`.trim() || error.message}`, { cause: error });
  });
  // Whatever else lies there is no Kafka data, but somebody may want it.
  if (await exists(target)) await rename(target, `${target}.unformatted-${Date.now()}`);
  await rename(path.join(directory, draft), target);
  await rm(path.join(directory, file), { force: true });
}

/** A UUID in URL-safe base64 without padding, as Kafka writes its own; one that begins with "-" would look like an option. */
export function newClusterId(): string {
  const id = randomBytes(16).toString("base64url");
  return id.startsWith("-") ? `A${id.slice(1)}` : id;
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(() => true, () => false);
}
