import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { isRunning, processIdentity, type ProcessIdentity } from "./processIdentity.js";
import { waitUntil } from "./waitUntil.js";

export interface LockOptions {
  /** Limit in milliseconds for getting the lock. Default 180,000. */
  timeoutMs?: number;
  /** Milliseconds between two looks at a lock that somebody else holds. Default 25. */
  intervalMs?: number;
  signal?: AbortSignal | undefined;
}

interface Holder extends ProcessIdentity {
  token: string;
}

/**
 * Runs the action while no other process, and nothing else in this one, holds the lock file. A lock whose holder has
 * ended, however it ended, is taken over.
 * @throws WaitLimitError that names the file when the limit passes; whatever the action throws.
 */
export async function withLock<T>(file: string, action: () => Promise<T>, { timeoutMs = 180_000, intervalMs = 25, signal }: LockOptions = {}): Promise<T> {
  const own = await processIdentity(process.pid);
  if (own === undefined) throw new Error(`Cannot read the start time of process ${process.pid}: is /proc or ps missing?`);
  const holder: Holder = { ...own, token: randomUUID() };
  await mkdir(path.dirname(file), { recursive: true });
  let attempt: Promise<boolean> = Promise.resolve(false);
  try {
    await waitUntil(() => (attempt = acquire(file, holder)), { description: `${file} not released by its holder`, timeoutMs, intervalMs, signal });
  } catch (error) {
    // An attempt that is under way when the waiting ends may still succeed, and nobody would ever release the lock.
    await attempt.catch(() => false);
    if (await tokenIn(file) === holder.token) await rm(file, { force: true });
    throw error;
  }
  try {
    return await action();
  } finally {
    await rm(file, { force: true });
  }
}

async function acquire(file: string, holder: Holder): Promise<boolean> {
  if (await create(file, holder)) return true;
  if ((await stateOf(file)) !== "stale") return false;
  // Two that find the lock stale must not both remove it: the second would remove the first one's new lock.
  const breaking = `${file}.breaking`;
  if (!(await create(breaking, holder))) {
    if ((await stateOf(breaking)) === "stale") await rm(breaking, { force: true });
    return false;
  }
  try {
    if ((await stateOf(file)) === "stale") await rm(file, { force: true });
    return await create(file, holder);
  } finally {
    await rm(breaking, { force: true });
  }
}

/** Linking a finished file makes the lock appear at once and whole, so nobody ever reads half of one. */
async function create(file: string, holder: Holder): Promise<boolean> {
  const draft = `${file}.${holder.token}`;
  await writeFile(draft, JSON.stringify(holder));
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function tokenIn(file: string): Promise<string | undefined> {
  try {
    return (JSON.parse(await readFile(file, "utf8")) as Holder).token;
  } catch {
    return undefined;
  }
}

/** A lock that is gone is not stale: whoever creates the next one is alive. */
async function stateOf(file: string): Promise<"free" | "held" | "stale"> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return "free";
  try {
    return (await isRunning(JSON.parse(text) as Holder)) ? "held" : "stale";
  } catch {
    return "stale";
  }
}
