import { rm } from "node:fs/promises";
import path from "node:path";
import type { DownloadJob } from "./DownloadJob.js";
import { HubAnswerError } from "./hubFetch.js";
import type { HubFile } from "./hubFile.js";
import { ModelError } from "./ModelError.js";
import { persist } from "./persist.js";
import { throttled } from "./throttled.js";
import { sizeOf, transfer } from "./transfer.js";
import { sha256Of } from "./verifiedFile.js";

/** Brings the whole file into the part and checks it. */
export async function fillPart(job: DownloadJob, { sizeBytes, sha256, commit }: HubFile, part: string): Promise<void> {
  const { entry: { source: { repository, file }, title }, options: { onProgress }, silenceMs, connection, signal } = job;
  const onBytes = throttled(onProgress, path.basename(file), sizeBytes);
  const check = throttled(onProgress, `checking ${path.basename(file)}`, sizeBytes);
  let resumed = await sizeOf(part) > 0;
  for (;;) {
    await persist(job, () => transfer({ repository, file, commit, sizeBytes, part, connection, onBytes, silenceMs, signal }).catch(async (error: unknown) => {
      // A server that cannot start in the middle has to begin at the beginning.
      if (error instanceof HubAnswerError && error.status === 416) await rm(part, { force: true });
      throw error;
    }), () => sizeOf(part));
    const actual = await sha256Of(part, { onBytes: check, signal });
    if (actual === sha256) return;
    await rm(part, { force: true });
    // What an earlier run has left may be the bad part; a whole download in one go is the server's doing.
    if (!resumed) throw new ModelError(`Downloading ${title} failed: wrong checksum, its SHA-256 is ${actual}, not ${sha256}. Something between here and the hub changes files: try another network, or HF_ENDPOINT for another server.`);
    resumed = false;
  }
}
