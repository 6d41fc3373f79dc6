import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { isRunning, parseIdentity, processIdentity, type ProcessIdentity } from "./processIdentity.js";

/** What is known of a daemon, in `<state>/run/<name>.json`. */
export interface DaemonRecord extends ProcessIdentity {
  name: string;
  command: string[];
  /** Port it listens on, where it has one. */
  port?: number | undefined;
  /** ISO 8601. */
  startedAt: string;
  /** False from the start of the process until it was found ready. */
  ready: boolean;
  /** Whatever the starter wants to know of it later. */
  details: Record<string, string | number>;
}

/** The files of a daemon. */
export interface DaemonFiles {
  record: string;
  /** The process writes its own pid and start time here before it becomes the daemon: no kill of the starter can lose it. */
  birth: string;
  lock: string;
  log: string;
  previousLog: string;
}

export function daemonFiles(stateDirectory: string, name: string): DaemonFiles {
  const run = path.join(stateDirectory, "run", name);
  const log = path.join(stateDirectory, "log", name);
  return { record: `${run}.json`, birth: `${run}.birth`, lock: `${run}.lock`, log: `${log}.log`, previousLog: `${log}.previous.log` };
}

/** The record of the daemon if its process runs. A record that is lost or damaged is made anew from the birth file. */
export async function readRunningRecord(files: DaemonFiles, name: string): Promise<DaemonRecord | undefined> {
  const record = (await readRecord(files.record)) ?? (await recordFromBirth(files.birth, name));
  if (record === undefined || !(await isRunning(record))) return undefined;
  return record;
}

/** Writes the record so that a reader finds the old or the new one, never half of it. */
export async function writeRecord(files: DaemonFiles, record: DaemonRecord): Promise<void> {
  await mkdir(path.dirname(files.record), { recursive: true });
  const draft = `${files.record}.${process.pid}.draft`;
  await writeFile(draft, `${JSON.stringify(record, undefined, 2)}\n`);
  await rename(draft, files.record);
}

export async function removeRecord(files: DaemonFiles): Promise<void> {
  await rm(files.record, { force: true });
  await rm(files.birth, { force: true });
}

/** The identity that the process wrote about itself, once it has. */
export async function readBirth(file: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  const pid = Number.parseInt(text, 10);
  if (!(pid > 1)) return undefined;
  return parseIdentity(pid, text.slice(text.indexOf("\n") + 1));
}

async function readRecord(file: string): Promise<DaemonRecord | undefined> {
  try {
    const { pid, startTime, name, command, port, startedAt, ready, details } = JSON.parse(await readFile(file, "utf8")) as DaemonRecord;
    if (!Number.isInteger(pid) || pid <= 1 || typeof startTime !== "string" || !Array.isArray(command)) return undefined;
    return { pid, startTime, name, command, port, startedAt, ready: ready === true, details: details ?? {} };
  } catch {
    return undefined;
  }
}

async function recordFromBirth(file: string, name: string): Promise<DaemonRecord | undefined> {
  const identity = await readBirth(file);
  if (identity === undefined || (await processIdentity(identity.pid))?.startTime !== identity.startTime) return undefined;
  return { ...identity, name, command: [], startedAt: new Date().toISOString(), ready: false, details: {} };
}
