import { isRunning, type ProcessIdentity } from "./processIdentity.js";
import { waitUntil } from "./waitUntil.js";

export interface StopOptions {
  /** Milliseconds from SIGTERM to SIGKILL. Default 20,000. */
  stopTimeoutMs?: number | undefined;
}

/** Milliseconds in which the operating system ends a process after SIGKILL, unless that hangs in the kernel. */
const KILL_LIMIT = 10_000;

/**
 * Ends a process and its process group, where it leads one: SIGTERM, then SIGKILL after the grace period. Does nothing if that very process
 * has ended; whoever has its pid now is not touched.
 * @throws Error if it survives SIGKILL for 10 s.
 */
export async function stopProcess(process: ProcessIdentity, { stopTimeoutMs = 20_000 }: StopOptions = {}): Promise<void> {
  const ended = async () => !(await isRunning(process));
  const description = `Process ${process.pid} not ended`;
  if (await signalGroup(process, "SIGTERM")) {
    await waitUntil(ended, { description, timeoutMs: stopTimeoutMs, intervalMs: 20 }).catch(() => signalGroup(process, "SIGKILL"));
  }
  await waitUntil(ended, { description, timeoutMs: KILL_LIMIT, intervalMs: 20 });
}

/** True if there was somebody to signal. A daemon leads a process group of its own, so its pid is the group's too; who leads none is signalled alone. */
async function signalGroup(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isRunning(identity))) return false;
  for (const pid of [-identity.pid, identity.pid]) {
    try {
      process.kill(pid, signal);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
  return true;
}
