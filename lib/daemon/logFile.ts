import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import path from "node:path";
import type { DaemonFiles } from "./daemonRecord.js";

/** Opens an empty log for a daemon that is about to start; the one before is kept. The caller closes it. */
export async function openLog({ log, previousLog }: DaemonFiles): Promise<FileHandle> {
  await mkdir(path.dirname(log), { recursive: true });
  await rename(log, previousLog).catch(() => rm(log, { force: true }));
  return await open(log, "a");
}

/** The last lines of a log, at most 64 KiB; "(empty)" if there are none. */
export async function logTail(file: string, lines = 15): Promise<string> {
  const size = 65_536;
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return "(empty)";
  try {
    const { size: length } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, Math.max(0, length - size));
    const text = buffer.toString("utf8", 0, bytesRead).trimEnd();
    return text === "" ? "(empty)" : text.split("\n").slice(-lines).join("\n");
  } finally {
    await handle.close();
  }
}
