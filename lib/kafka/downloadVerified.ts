import { createHash, randomUUID } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { explainTransfer, isPassingFailure, RUN_AGAIN } from "../explainTransfer.js";
import { proxyFetch } from "../proxyFetch.js";
import { Silence } from "../Silence.js";

export interface Download {
  url: string;
  file: string;
  bytes: number;
  sha512: string;
  /** Called with the number of bytes that came; negative where a transfer failed and begins again. */
  onBytes?: (bytes: number) => void;
  signal: AbortSignal;
}

/** How often a transfer is tried, and the milliseconds before the second try; they double from try to try. */
const TRIES = 4;
const FIRST_PAUSE = 250;
/** Milliseconds without a byte after which a transfer counts as broken. */
const SILENCE = 30_000;

/** The server does not send the file. */
class RefusedError extends Error {
  constructor(readonly status: number, statusText: string) {
    super(`the server answers ${status} ${statusText}`);
  }

  /** Whether it may send it a moment later. */
  get passes(): boolean {
    return ![401, 403, 404, 410].includes(this.status);
  }
}

class WrongChecksumError extends Error {}

/**
 * Downloads a file, unless a good one is there. It appears under its name only when its checksum is right.
 * @throws Error in plain words, with the next step, after 4 tries; at once if another try would change nothing, as on a full disk or with a certificate that is not trusted.
 */
export async function downloadVerified(download: Download): Promise<void> {
  const { signal, onBytes } = download;
  if (await isVerified(download)) {
    onBytes?.(download.bytes);
    return;
  }
  for (let attempt = 1; ; attempt++) {
    let received = 0;
    try {
      await transfer({ ...download, onBytes: (bytes) => { received += bytes; onBytes?.(bytes); } });
      return;
    } catch (error) {
      onBytes?.(-received);
      signal.throwIfAborted();
      const passing = error instanceof RefusedError ? error.passes : error instanceof WrongChecksumError || isPassingFailure(error);
      if (!passing || attempt === TRIES) throw explain(download, error, attempt);
    }
    // A server that is overloaded answers nobody who asks at once again.
    await delay(FIRST_PAUSE * 2 ** (attempt - 1), undefined, { signal });
  }
}

/** Whether the file is there with the right content; its length alone would not tell of a damaged one. */
async function isVerified({ file, sha512 }: Download): Promise<boolean> {
  const content = await readFile(file).catch(() => undefined);
  return content !== undefined && createHash("sha512").update(content).digest("hex") === sha512;
}

/** Unfinished files carry their writer's pid: whoever finds one of a process that has ended may remove it. */
export const PART = /\.(\d+)-[0-9a-f]+\.part$/;
const partOf = (file: string) => `${file}.${process.pid}-${randomUUID().slice(0, 8)}.part`;

async function transfer({ url, file, sha512, onBytes, signal }: Download): Promise<void> {
  const part = partOf(file);
  const silence = new Silence(SILENCE);
  try {
    const response = await proxyFetch(url, { signal: AbortSignal.any([signal, silence.signal]) });
    if (!response.ok || response.body === null) throw new RefusedError(response.status, response.statusText);
    const hash = createHash("sha512");
    const output = await open(part, "w");
    try {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        silence.interrupt();
        hash.update(chunk);
        await output.writeFile(chunk);
        onBytes?.(chunk.length);
      }
    } finally {
      await output.close();
    }
    const actual = hash.digest("hex");
    if (actual !== sha512) throw new WrongChecksumError(`wrong checksum: SHA-512 is ${actual}, expected ${sha512}`);
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    silence.end();
  }
}

function explain({ url, file }: Download, error: unknown, tries: number): Error {
  const { host } = new URL(url);
  const words = (text: string): Error => new Error(`Downloading ${url} failed${tries === 1 ? "" : ` ${tries} times`}: ${text}`, { cause: error });
  if (error instanceof RefusedError) return words(`${error.message}. If MAVEN_MIRROR is set, check that it serves Maven Central's layout; else try another network, or later, ${RUN_AGAIN}.`);
  if (error instanceof WrongChecksumError) return words(`${error.message}. Something between here and ${host} changes files; try another network or MAVEN_MIRROR, ${RUN_AGAIN}.`);
  return words(explainTransfer(error, { folder: path.dirname(file), server: host, addressVariable: "MAVEN_MIRROR" }));
}
