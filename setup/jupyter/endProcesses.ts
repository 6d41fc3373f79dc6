import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { processIdentity } from "#lib/daemon/processIdentity.js";
import { stopProcess } from "#lib/daemon/stopProcess.js";

/**
 * Ends the processes that name a folder of ours in their command line: kernels whose server was killed, which notice
 * nothing of it. They get 3 s to end by themselves.
 * @param folder an absolute path that nobody else uses
 */
export async function endProcesses(folder: string): Promise<void> {
  await Promise.all(
    processesNaming(folder).map(async ({ pid }) => {
      const identity = await processIdentity(pid);
      if (identity !== undefined) await stopProcess(identity, { stopTimeoutMs: 3_000 });
    }),
  );
}

/** The processes with this text in their command line, without this one. */
export function processesNaming(text: string): { pid: number; command: string }[] {
  return (process.platform === "linux" ? linuxProcesses() : posixProcesses()).filter(
    ({ pid, command }) => pid !== process.pid && command.includes(text),
  );
}

function linuxProcesses(): { pid: number; command: string }[] {
  return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map((name) => {
    try {
      return { pid: Number(name), command: fs.readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ") };
    } catch {
      return { pid: Number(name), command: "" };
    }
  });
}

function posixProcesses(): { pid: number; command: string }[] {
  const listing = spawnSync("ps", ["-axww", "-o", "pid=,command="], { encoding: "utf8" }).stdout ?? "";
  return listing.trim().split("\n").map((line) => {
    const [pid = "", ...command] = line.trim().split(" ");
    return { pid: Number(pid), command: command.join(" ") };
  });
}
