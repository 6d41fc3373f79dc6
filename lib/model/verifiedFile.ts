import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";

/** A checksum, and the file as it was when somebody computed it. */
interface Verification {
  sha256: string;
  size: number;
  mtimeMs: number;
}

/** The SHA-256 that the record holds for the file as it is now, by size and time of change; undefined if it holds none. Reads no content. */
export async function verifiedSha256(file: string, record = recordOf(file)): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  const verification = await readVerification(record);
  return found?.isFile() && verification?.size === found.size && verification.mtimeMs === found.mtimeMs ? verification.sha256 : undefined;
}

/**
 * Writes down that the file as it is now has this SHA-256, where that can be written: else the next one checks the file again.
 * @returns whether it was.
 */
export async function recordVerified(file: string, sha256: string, record = recordOf(file)): Promise<boolean> {
  try {
    const { size, mtimeMs } = await stat(file);
    await writeWhole(record, JSON.stringify({ sha256, size, mtimeMs } satisfies Verification));
    return true;
  } catch {
    return false;
  }
}

/** The SHA-256 that a file was once found to have, whatever it is now. */
export async function recordedSha256(file: string): Promise<string | undefined> {
  return (await readVerification(recordOf(file)))?.sha256;
}

/** The record lies beside a downloaded file. */
export function recordOf(file: string): string {
  return `${file}.sha256.json`;
}

/** Computes a file's SHA-256; tells the bytes read so far. @throws The signal's reason; the errors of the file system. */
export async function sha256Of(file: string, { onBytes, signal }: { onBytes?: ((read: number) => void) | undefined; signal?: AbortSignal | undefined } = {}): Promise<string> {
  const digest = createHash("sha256");
  const input = createReadStream(file, { highWaterMark: 1 << 20 });
  let read = 0;
  if (onBytes !== undefined) input.on("data", (chunk) => onBytes(read += chunk.length));
  try {
    await (signal === undefined ? pipeline(input, digest) : pipeline(input, digest, { signal }));
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
  return digest.digest("hex");
}

/** Nobody ever reads half a file. */
export async function writeWhole(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeFile(draft, text);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function readVerification(record: string): Promise<Verification | undefined> {
  try {
    const { sha256, size, mtimeMs } = JSON.parse(await readFile(record, "utf8")) as Partial<Verification>;
    return sha256 !== undefined && size !== undefined && mtimeMs !== undefined ? { sha256, size, mtimeMs } : undefined;
  } catch {
    return undefined;
  }
}
