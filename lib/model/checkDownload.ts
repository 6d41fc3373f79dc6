import { statfs } from "node:fs/promises";
import path from "node:path";
import type { DownloadJob } from "./DownloadJob.js";
import type { HubFile } from "./hubFile.js";
import { gigabytes, judgeMemory, machineMemory } from "./memoryNeeded.js";
import { ModelError } from "./ModelError.js";
import { sizeOf } from "./transfer.js";

/** Bytes to leave free on the disk. */
const RESERVE = 64 * 2 ** 20;

/**
 * What must be known before bytes come: the machine can hold the model, the disk its file, and a person has seen the licence.
 * @throws ModelError when memory or disk cannot suffice.
 */
export async function checkDownload({ entry, options: { onNotice, memory } }: DownloadJob, { sizeBytes, licence }: HubFile, part: string): Promise<void> {
  const { error, warning } = judgeMemory(sizeBytes, entry, memory ?? await machineMemory());
  if (error !== undefined) throw new ModelError(error);
  await checkDisk(entry.title, part, sizeBytes);
  if (warning !== undefined) onNotice?.(warning);
  const notice = entry.licenceNotice ?? licenceNotice(entry.title, licence);
  if (notice !== undefined) onNotice?.(notice);
}

async function checkDisk(title: string, part: string, sizeBytes: number): Promise<void> {
  const folder = path.dirname(part);
  const { bavail, bsize } = await statfs(folder);
  const needed = sizeBytes - await sizeOf(part) + RESERVE;
  if (bavail * bsize >= needed) return;
  throw new ModelError(`${title} needs ${gigabytes(needed)} on the disk of ${folder}, where ${gigabytes(bavail * bsize)} are free. Make room, or set KAFKA_LLM_CHAT_STATE to a folder on a bigger disk.`);
}

/** Licences that let everybody use a model as they like need no notice. */
function licenceNotice(title: string, licence: string | undefined): string | undefined {
  if (licence === undefined || ["apache-2.0", "mit", "cc0-1.0", "bsd-3-clause", "unlicense"].includes(licence)) return undefined;
  return `${title} is under the licence "${licence}": downloading and using it means accepting that. Its text is on the model's page.`;
}
