import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** A process and nobody else: a pid alone is given to another program once its first owner has ended. */
export interface ProcessIdentity {
  pid: number;
  /** The time at which it began, as the operating system writes it. */
  startTime: string;
}

/** The identity of the process that has this pid now; undefined if none runs. One that has ended, but waits for its parent to notice (a zombie), does not run. */
export async function processIdentity(pid: number): Promise<ProcessIdentity | undefined> {
  const startTime = process.platform === "linux" ? await linuxStartTime(pid) : await posixStartTime(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Whether this very process still runs. */
export async function isRunning({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  return (await processIdentity(pid))?.startTime === startTime;
}

/** The command line of a process as far as the operating system tells it; undefined if it does not. */
export async function commandOf(pid: number): Promise<string | undefined> {
  const command = process.platform === "linux"
    ? (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ")
    : await ps(pid, "command=");
  return command?.trim() || undefined;
}

/** Reads what `identityScript` has printed. */
export function parseIdentity(pid: number, text: string): ProcessIdentity | undefined {
  const startTime = process.platform === "linux" ? parseStat(text) : parsePs(text);
  return startTime === undefined ? undefined : { pid, startTime };
}

const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/** A line of shell that prints the start time of the shell itself, which `exec` keeps. */
export const identityScript = process.platform === "linux"
  ? `cat ${BOOT_ID} /proc/$$/stat 2>/dev/null`
  : `LC_ALL=C TZ=UTC ps -o stat= -o lstart= -p $$`;

async function linuxStartTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat === undefined ? undefined : parseStat(`${await readFile(BOOT_ID, "utf8").catch(() => "")}${stat}`);
}

/**
 * Field 22 of proc(5) counts clock ticks since boot, so the boot's id goes before it. The name in field 2 may itself hold
 * spaces and parentheses.
 */
function parseStat(text: string): string | undefined {
  const [stat = "", boot = ""] = text.trim().split("\n").reverse();
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, threads, ticks] = [fields[0], Number(fields[17]), fields[19]];
  // Java's first thread may be a zombie while others still run and hold the ports.
  const ended = state === "X" || (state === "Z" && threads <= 1);
  return ended || ticks === undefined ? undefined : `${boot}/${ticks}`;
}

async function posixStartTime(pid: number): Promise<string | undefined> {
  const line = await ps(pid, "stat=", "lstart=");
  return line === undefined ? undefined : parsePs(line);
}

function parsePs(line: string): string | undefined {
  const [state, ...lstart] = line.trim().split(/\s+/);
  if (state === undefined || state === "" || state.startsWith("Z") || lstart.length === 0) return undefined;
  return lstart.join(" ");
}

async function ps(pid: number, ...columns: string[]): Promise<string | undefined> {
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  // One -o each: elsewhere than on Linux, all that follows a "=" is a heading.
  const format = columns.flatMap((column) => ["-o", column]);
  return await promisify(execFile)("ps", [...format, "-p", String(pid)], { env }).then(({ stdout }) => stdout, () => undefined);
}
