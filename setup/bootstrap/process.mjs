// @ts-check
import { spawnSync } from "node:child_process";
import fs from "node:fs";

/**
 * Whether a process runs and is the one that was meant: a pid is given to another program sooner or later.
 * @param {number} pid
 * @param {string | undefined} started its start as processStart() told it; undefined when it could not
 */
export function isRunning(pid, started) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, and belongs to another user.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EPERM") return false;
  }
  return started === undefined || processStart(pid) === started;
}

/**
 * When a process was started, as the operating system words it: compare it, do not read it.
 * @param {number} pid
 * @returns {string | undefined} undefined when there is no such process, or a dead one whose parent has not noticed
 */
export function processStart(pid) {
  if (process.platform === "linux") {
    try {
      // Fields 3 and 22 of proc(5)'s stat, counted from after the name, which may hold spaces.
      const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  // The same wherever it is asked: ps words it by language and time zone.
  const started = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", env: { ...process.env, LC_ALL: "C", TZ: "UTC" } }).stdout?.trim();
  return started === "" ? undefined : started;
}
