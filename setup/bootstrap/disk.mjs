// @ts-check
import fs from "node:fs";
import { SetupError } from "./stage.mjs";

/**
 * Stops before a long install that cannot fit.
 * @param {string} folder on the disk in question; it exists
 * @param {number} bytes that will be written there
 * @param {string} what takes them
 * @param {(folder: string) => number} free bytes
 * @throws {SetupError}
 */
export function needDisk(folder, bytes, what, free = freeBytes) {
  const there = free(folder);
  if (there >= bytes) return;
  throw new SetupError(
    `${what}: the disk of ${folder} has ${gigabytes(there)} free, and about ${gigabytes(bytes)} are needed.\n` +
      "  What to do: free some space, or clone the repository to another disk, then run the command again.",
  );
}

/** @param {string} folder */
function freeBytes(folder) {
  const { bavail, bsize } = fs.statfsSync(folder);
  return bavail * bsize;
}

/** @param {number} bytes */
function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
