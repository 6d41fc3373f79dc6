import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { daemonFiles, readBirth, readRunningRecord, removeRecord, writeRecord, type DaemonFiles, type DaemonRecord } from "./daemonRecord.js";
import { runningDaemon, endDaemon, type FindDaemonOptions, type RunningDaemon } from "./findDaemon.js";
import { logTail, openLog } from "./logFile.js";
import { identityScript, isRunning } from "./processIdentity.js";
import { waitUntil } from "./waitUntil.js";
import { withLock } from "./withLock.js";

export interface StartDaemonOptions extends FindDaemonOptions {
  command: string;
  args: string[];
  /** Added to the own environment. Default: nothing. */
  env?: Record<string, string>;
  /** Default: the state directory. */
  cwd?: string;
  /** Port it will listen on, noted in its pid file. */
  port?: number;
  /** Noted in its pid file, for whoever finds it. */
  details?: Record<string, string | number>;
  /** Asked every 50 ms; what it throws ends the start. */
  ready: (signal: AbortSignal) => Promise<boolean> | boolean;
  /** Limit in milliseconds for getting ready. Default 60,000. */
  readyTimeoutMs?: number;
  /** Ends the start and stops what it has started. */
  signal?: AbortSignal | undefined;
}

/**
 * Starts a process that outlives this one, out of reach of the terminal's and the kernel's signals, and waits until it is
 * ready. One that runs already is returned as it is; one whose starter was killed is waited for.
 * @throws Error with the reason, the log's last lines and its path. Nothing runs then.
 */
export async function startDaemon(options: StartDaemonOptions): Promise<RunningDaemon> {
  const { name, stateDirectory, readyTimeoutMs = 60_000, stopTimeoutMs, signal } = options;
  const files = daemonFiles(stateDirectory, name);
  return await withLock(files.lock, async () => {
    let record = await readRunningRecord(files, name);
    if (record?.ready === true) return runningDaemon(files, record, { stopTimeoutMs });
    // Without its command nobody knows how it was started: its pid file was lost.
    if (record?.command.length === 0) {
      await endDaemon(files, record, { stopTimeoutMs });
      record = undefined;
    }
    const born = record === undefined ? await launch(files, options) : { record, failed: undefined };
    try {
      await untilReady(born, options, readyTimeoutMs);
      const ready = { ...born.record, ready: true };
      await writeRecord(files, ready);
      return runningDaemon(files, ready, { stopTimeoutMs });
    } catch (error) {
      await endDaemon(files, born.record, { stopTimeoutMs: Math.min(stopTimeoutMs ?? 5_000, 5_000) });
      if (signal?.aborted === true) throw error;
      throw await startError(files, options, error);
    }
  }, { signal, timeoutMs: readyTimeoutMs + 120_000 });
}

interface Born {
  record: DaemonRecord;
  /** How it ended, if it has; unknown for a process that is not our child. */
  failed: (() => string | undefined) | undefined;
}

/** Ready, or dead: a look at readiness may take long, and the process may end meanwhile. */
async function untilReady(born: Born, { name, ready, signal }: StartDaemonOptions, timeoutMs: number): Promise<void> {
  const settled = new AbortController();
  const either = signal === undefined ? settled.signal : AbortSignal.any([signal, settled.signal]);
  const options = { description: `${name} not ready`, timeoutMs, signal: either };
  try {
    await Promise.race([waitUntil(ready, options), waitUntil(() => checkAlive(born), options)]);
  } finally {
    settled.abort();
  }
}

/** Never true: it only throws once the process has ended. */
async function checkAlive({ record, failed }: Born): Promise<false> {
  // A child is a zombie for a moment before Node tells how it ended, so Node alone is asked about children.
  const reason = failed === undefined ? !(await isRunning(record)) && "by itself" : failed();
  if (typeof reason === "string") throw new Error(`it ended ${reason}`);
  return false;
}

/**
 * Spawns the process in a session of its own. execa would not do: it ties a child's life and output to this process.
 * The shell before it writes pid and start time down and then becomes the daemon, so that the daemon is known even if
 * this process is killed right after the spawn.
 */
async function launch(files: DaemonFiles, options: StartDaemonOptions): Promise<Born> {
  const { name, command, args, env = {}, cwd = options.stateDirectory, port, details = {} } = options;
  await removeRecord(files);
  const log = await openLog(files);
  const script = `{ echo $$; ${identityScript}; } > "$0" && exec "$@"`;
  let child: ChildProcess;
  try {
    child = spawn("/bin/sh", ["-c", script, files.birth, command, ...args], {
      cwd, env: { ...process.env, ...env }, detached: true, stdio: ["ignore", log.fd, log.fd],
    });
    await once(child, "spawn");
  } catch (error) {
    throw await startError(files, options, error);
  } finally {
    await log.close();
  }
  child.unref();
  const failed = () => endOf(child);
  const identity = await waitUntil(async () => (await readBirth(files.birth)) ?? failed() !== undefined, {
    description: `Process ${child.pid ?? 0} not begun`, timeoutMs: 10_000, intervalMs: 5,
  });
  if (identity === true) throw await startError(files, options, new Error(`it ended ${failed() ?? ""}`));
  const record: DaemonRecord = {
    ...identity, name, command: [command, ...args], port, startedAt: new Date().toISOString(), ready: false, details,
  };
  await writeRecord(files, record);
  return { record, failed };
}

function endOf({ exitCode, signalCode }: ChildProcess): string | undefined {
  if (signalCode !== null) return `by ${signalCode}`;
  return exitCode === null ? undefined : `with exit code ${exitCode}`;
}

async function startError(files: DaemonFiles, { name, command }: StartDaemonOptions, cause: unknown): Promise<Error> {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`${name} did not start: ${reason}.\nCommand: ${command}\nLog: ${files.log}, its last lines:\n${await logTail(files.log)}`, { cause });
}
