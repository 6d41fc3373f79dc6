import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { processIdentity } from "kafka-llm-chat/internal/daemon/processIdentity.js";
import { stopProcess } from "kafka-llm-chat/internal/daemon/stopProcess.js";

export interface FoundProcess {
  pid: number;
  command: string;
}

/** Ends processes; they get 3 s to do so by themselves. */
export async function endProcesses(processes: FoundProcess[]): Promise<void> {
  await Promise.all(
    processes.map(async ({ pid }) => {
      const identity = await processIdentity(pid);
      if (identity !== undefined) await stopProcess(identity, { stopTimeoutMs: 3_000 });
    }),
  );
}

/** The processes that have a text in their command line: a folder of ours that nobody else would name. */
export function processesNaming(text: string): FoundProcess[] {
  return allProcesses().filter(({ pid, command }) => pid !== process.pid && command.includes(text));
}

/** The processes that have a text in their command line or, where the system tells it (Linux), in their environment: what
 * was started by one that had it there. */
export function processesOf(text: string): FoundProcess[] {
  return allProcesses().filter(({ pid, command }) => pid !== process.pid && (command.includes(text) || readProc(pid, "environ").includes(text)));
}

function allProcesses(): FoundProcess[] {
  if (process.platform === "linux") {
    const pids = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
    return pids.map((pid) => ({ pid, command: readProc(pid, "cmdline").replaceAll("\0", " ").trim() }));
  }
  const listing = spawnSync("ps", ["-axww", "-o", "pid=,command="], { encoding: "utf8" }).stdout ?? "";
  return listing.trim().split("\n").map((line) => {
    const [pid = "", ...command] = line.trim().split(" ");
    return { pid: Number(pid), command: command.join(" ") };
  });
}

/** Empty for a process that has ended meanwhile, or belongs to another user. */
function readProc(pid: number, file: "cmdline" | "environ"): string {
  try {
    return fs.readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
