import { daemonFiles, readRunningRecord, removeRecord, writeRecord, type DaemonFiles, type DaemonRecord } from "./daemonRecord.js";
import { isRunning } from "./processIdentity.js";
import { stopProcess, type StopOptions } from "./stopProcess.js";
import { withLock } from "./withLock.js";

/** A process that runs detached from whoever started it. */
export interface RunningDaemon {
  name: string;
  pid: number;
  /** Port it listens on, where it has one. */
  port: number | undefined;
  logFile: string;
  /** ISO 8601. */
  startedAt: string;
  /** False while somebody is still starting it, or was killed while doing so. */
  ready: boolean;
  /** What its starter noted about it. */
  details: Record<string, string | number>;
  /** Whether this very process still runs. */
  isRunning(): Promise<boolean>;
  /** Adds to the details, for whoever finds it from now on. Does nothing if it has ended. */
  note(details: Record<string, string | number>): Promise<void>;
  /** SIGTERM, then SIGKILL after the grace period. Does nothing if it has ended; never touches a successor. */
  stop(): Promise<void>;
}

export interface FindDaemonOptions extends StopOptions {
  name: string;
  /** Its pid file is `<stateDirectory>/run/<name>.json`, its log `<stateDirectory>/log/<name>.log`. */
  stateDirectory: string;
}

/** The daemon of this name if it runs, whoever started it. */
export async function findDaemon({ name, stateDirectory, stopTimeoutMs }: FindDaemonOptions): Promise<RunningDaemon | undefined> {
  const files = daemonFiles(stateDirectory, name);
  const record = await readRunningRecord(files, name);
  return record === undefined ? undefined : runningDaemon(files, record, { stopTimeoutMs });
}

export function runningDaemon(files: DaemonFiles, record: DaemonRecord, options: StopOptions): RunningDaemon {
  const { name, pid, startTime, port, startedAt, ready, details } = record;
  return {
    name, pid, port, startedAt, ready, details,
    logFile: files.log,
    isRunning: () => isRunning({ pid, startTime }),
    note: (more) => withLock(files.lock, async () => {
      const current = await readRunningRecord(files, name);
      if (current?.pid === pid && current.startTime === startTime) await writeRecord(files, { ...current, details: { ...current.details, ...more } });
    }),
    stop: () => withLock(files.lock, () => endDaemon(files, record, options)),
  };
}

/**
 * Stops the daemon of this name, whoever started it, and removes what a killed one has left.
 * @returns Whether it ran.
 */
export async function stopDaemon({ name, stateDirectory, stopTimeoutMs }: FindDaemonOptions): Promise<boolean> {
  const files = daemonFiles(stateDirectory, name);
  return await withLock(files.lock, async () => {
    const record = await readRunningRecord(files, name);
    if (record === undefined) await removeRecord(files);
    else await endDaemon(files, record, { stopTimeoutMs });
    return record !== undefined;
  });
}

/** Stops the process, and removes its files unless a successor has its own there. The caller holds the lock. */
export async function endDaemon(files: DaemonFiles, { name, pid, startTime }: DaemonRecord, options: StopOptions): Promise<void> {
  await stopProcess({ pid, startTime }, options);
  if ((await readRunningRecord(files, name)) === undefined) await removeRecord(files);
}
