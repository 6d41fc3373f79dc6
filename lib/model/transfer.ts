import { open, stat } from "node:fs/promises";
import { HubAnswerError, type HubConnection, hubRequests } from "./hubFetch.js";
import { BrokenConnectionError, Silence } from "../Silence.js";

export interface Transfer {
  repository: string;
  /** Path inside the repository. */
  file: string;
  commit: string;
  sizeBytes: number;
  /** Where the bytes go; what it holds already is kept. */
  part: string;
  connection: HubConnection;
  /** Called with the bytes that the part holds now. */
  onBytes: (done: number) => void;
  /** Milliseconds without a byte after which the connection counts as broken. */
  silenceMs: number;
  signal: AbortSignal;
}

/** The hub sends something else than what it has announced. */
export class WrongSizeError extends Error {
  override name = "WrongSizeError";
}

/**
 * Goes on with a download where the part ends, once; whoever calls tries again. Done when it returns.
 * @throws HubAnswerError, WrongSizeError, BrokenConnectionError, the errors of fetch and of the file system; the signal's reason.
 */
export async function transfer({ repository, file, commit, sizeBytes, part, connection, onBytes, silenceMs, signal }: Transfer): Promise<void> {
  const { downloadFile } = await import("@huggingface/hub");
  let done = await sizeOf(part);
  if (done === sizeBytes) return;
  const silence = new Silence(silenceMs);
  const requests = await hubRequests(connection, AbortSignal.any([signal, silence.signal]));
  const { fetch, hubUrl } = requests;
  const output = await open(part, done > sizeBytes ? "w" : "a");
  try {
    if (done > sizeBytes) done = 0;
    // Plain ranges instead of the hub's xet protocol: they resume at any byte, and every mirror and proxy has them.
    const blob = await downloadFile({ repo: repository, path: file, revision: commit, hubUrl, fetch, xet: false });
    if (blob === null) throw new HubAnswerError(404, "EntryNotFound", file, undefined);
    if (blob.size !== sizeBytes) throw new WrongSizeError(`the hub has announced ${sizeBytes} bytes and now speaks of ${blob.size}`);
    for await (const chunk of (done === 0 ? blob : blob.slice(done)).stream() as unknown as AsyncIterable<Uint8Array>) {
      silence.interrupt();
      if (done + chunk.length > sizeBytes) throw new WrongSizeError(`the hub sends more than the ${sizeBytes} bytes that it has announced`);
      await writeAll(output, chunk);
      done += chunk.length;
      onBytes(done);
    }
    if (done < sizeBytes) throw new BrokenConnectionError(`the connection ended after ${done} of ${sizeBytes} bytes`);
    // Else a power failure could leave a file with a name and a checksum, but without its bytes.
    await output.sync();
  } catch (error) {
    signal.throwIfAborted();
    if (silence.error !== undefined) throw silence.error;
    throw requests.failure instanceof Error ? requests.failure : error;
  } finally {
    silence.end();
    await output.close();
  }
}

async function writeAll(output: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.length;) written += (await output.write(chunk, written)).bytesWritten;
}

/** 0 for a file that does not exist. */
export async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}
