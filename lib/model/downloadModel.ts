import { mkdir, readFile, rename, rm, stat, statfs } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { withLock } from "../daemon/withLock.js";
import type { OnProgress } from "../progress.js";
import { readSettings } from "../settings.js";
import type { CatalogueEntry } from "./catalogue.js";
import { explainHubError, isPassing } from "./explainHubError.js";
import { type HubSource, isCommit } from "./hubAddress.js";
import { HubAnswerError, type HubConnection } from "./hubFetch.js";
import { type HubFile, hubFile } from "./hubFile.js";
import { gigabytes, judgeMemory, type MachineMemory, machineMemory } from "./memoryNeeded.js";
import { ModelError } from "./ModelError.js";
import { recordedSha256, recordVerified, sha256Of, verifiedSha256, writeWhole } from "./verifiedFile.js";
import { transfer } from "./transfer.js";

export interface DownloadModelOptions {
  /** Bytes so far and in all, at most ten times a second; `what` is the file, or "checking" and the file. */
  onProgress?: OnProgress | undefined;
  /** Sentences that a person should see before the download begins: the licence, too little memory. */
  onNotice?: ((sentence: string) => void) | undefined;
  /** Ends the download; what has come is kept for the next one. */
  signal?: AbortSignal | undefined;
  /** Default: HF_ENDPOINT and HF_TOKEN. */
  connection?: HubConnection | undefined;
  /** Folder of all models. Default: `models` in the state folder. */
  modelsDirectory?: string | undefined;
  /** Memory to judge by. Default: this machine's, and its GPUs'. */
  memory?: MachineMemory | undefined;
  /** Milliseconds before the second try; they double from try to try, up to 30 s. Default 500. */
  firstPauseMs?: number | undefined;
}

/** A model file that has come from the hub and is the right one. */
export interface DownloadedModel {
  /** Absolute path. */
  path: string;
  sha256: string;
  /** The commit it belongs to. */
  commit: string;
  /** As the hub tells it at the download; undefined later, and for catalogue models, whose licence is known. */
  licence: string | undefined;
}

type HubEntry = Pick<CatalogueEntry, "title" | "sizeBytes" | "sha256" | "licence" | "licenceNotice" | "contextSize" | "sequences" | "kvBytesPerToken"> & { source: HubSource };

/** Tries in a row that bring less than a mebibyte each, after which a download is given up. */
const FRUITLESS_TRIES = 5;
/** Milliseconds to wait for another process that downloads the same file: a day. */
const OTHER_DOWNLOAD = 86_400_000;
/** Bytes to leave free on the disk. */
const RESERVE = 64 * 2 ** 20;

/**
 * Downloads a model file from the Hugging Face hub into `<models>/<owner>/<repository>/<commit>/`, or finds it there: then
 * nothing is asked of the network. Goes on where an earlier download broke off, and tries again when the connection breaks.
 * Who asks for a file that is being downloaded, by this process or another, waits for that one.
 * A branch stays what it was at its first download; name a commit to get another one.
 * @throws ModelError in plain words, with what to do; the signal's reason.
 */
export async function downloadModel(entry: HubEntry, options: DownloadModelOptions = {}): Promise<DownloadedModel> {
  const settings = readSettings();
  const modelsDirectory = options.modelsDirectory ?? path.join(settings.stateDirectory, "models");
  const connection = options.connection ?? settings.huggingFace;
  const signal = options.signal ?? new AbortController().signal;
  const folder = path.join(modelsDirectory, ...entry.source.repository.split("/"));
  const job: Job = { entry, options, connection, signal, folder, ref: path.join(folder, "refs", encodeURIComponent(entry.source.revision), entry.source.file) };
  signal.throwIfAborted();
  const there = await present(job);
  if (there !== undefined) return there;
  // One for all revisions: a branch and the commit it stands for have the same part.
  const lock = path.join(folder, `${entry.source.file.replaceAll("/", "_")}.lock`);
  const watcher = watchOther(job);
  return await withLock(lock, async () => {
    clearInterval(watcher);
    return await present(job) ?? await download(job);
  }, { timeoutMs: OTHER_DOWNLOAD, signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw explainHubError(error, { title: entry.title, folder, connection });
  }).finally(() => clearInterval(watcher));
}

interface Job {
  entry: HubEntry;
  options: DownloadModelOptions;
  connection: HubConnection;
  signal: AbortSignal;
  /** Of the repository. */
  folder: string;
  /** Holds the commit that the revision stood for at the first download. */
  ref: string;
}

/** The file, if it is there and right. Its content is read only if nobody has written down that it was checked. */
async function present({ entry, folder, ref, options, signal }: Job): Promise<DownloadedModel | undefined> {
  const { revision, file } = entry.source;
  const commit = isCommit(revision) ? revision : (await readFile(ref, "utf8").catch(() => "")).trim();
  if (!isCommit(commit)) return undefined;
  const target = path.join(folder, commit, file);
  const found = await stat(target).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  const verified = await verifiedSha256(target);
  const expected = entry.sha256 ?? await recordedSha256(target) ?? await announcedSha256(`${target}.part.json`);
  if (expected === undefined) return undefined;
  if (verified !== expected) {
    const report = throttled(options.onProgress, `checking ${path.basename(file)}`, found.size);
    if (await sha256Of(target, { onBytes: report, signal }) !== expected) return undefined;
    await recordVerified(target, expected);
    await rm(`${target}.part.json`, { force: true });
  }
  return { path: target, sha256: expected, commit, licence: undefined };
}

async function download(job: Job): Promise<DownloadedModel> {
  const { entry, options: { onNotice, memory }, connection, signal, folder, ref } = job;
  const { source, title } = entry;
  const remote = await persist(job, () => hubFile(source, connection, signal));
  if (entry.sha256 !== undefined && entry.sha256 !== remote.sha256) {
    throw new ModelError(`${title} on the hub is not the file that the catalogue describes: its SHA-256 is ${remote.sha256}, not ${entry.sha256}. Update this program, or check HF_ENDPOINT.`);
  }
  const target = path.join(folder, remote.commit, source.file);
  const part = `${target}.part`;
  await mkdir(path.dirname(target), { recursive: true });
  if (await announcedSha256(`${part}.json`) !== remote.sha256) await rm(part, { force: true });
  await writeWhole(`${part}.json`, JSON.stringify({ sha256: remote.sha256, sizeBytes: remote.sizeBytes }));
  if (!isCommit(source.revision)) {
    const before = (await readFile(ref, "utf8").catch(() => "")).trim();
    // The branch has moved on since a download of it broke off.
    if (isCommit(before) && before !== remote.commit) await Promise.all([".part", ".part.json"].map((end) => rm(path.join(folder, before, source.file + end), { force: true })));
    await writeWhole(ref, remote.commit);
  }

  const { error, warning } = judgeMemory(remote.sizeBytes, entry, memory ?? await machineMemory());
  if (error !== undefined) throw new ModelError(error);
  if (warning !== undefined) onNotice?.(warning);
  const licence = entry.licenceNotice ?? licenceNotice(title, remote.licence);
  if (licence !== undefined) onNotice?.(licence);
  await checkDisk(title, part, remote.sizeBytes);

  await fill(job, remote, part);
  await rename(part, target);
  await recordVerified(target, remote.sha256);
  await rm(`${part}.json`, { force: true });
  return { path: target, sha256: remote.sha256, commit: remote.commit, licence: remote.licence };
}

/** Brings the whole file into the part and checks it. */
async function fill(job: Job, { sizeBytes, sha256, commit }: HubFile, part: string): Promise<void> {
  const { entry: { source: { repository, file }, title }, options: { onProgress }, connection, signal } = job;
  const onBytes = throttled(onProgress, path.basename(file), sizeBytes);
  const check = throttled(onProgress, `checking ${path.basename(file)}`, sizeBytes);
  let resumed = await sizeOf(part) > 0;
  for (;;) {
    await persist(job, () => transfer({ repository, file, commit, sizeBytes, part, connection, onBytes, signal }).catch(async (error: unknown) => {
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

/** Tries until it succeeds, fails for good, or brings nothing time after time. */
async function persist<T>({ signal, options: { firstPauseMs = 500 }, connection, folder, entry }: Job, action: () => Promise<T>, progress: () => Promise<number> = async () => 0): Promise<T> {
  for (let fruitless = 1; ; fruitless++) {
    const before = await progress();
    try {
      return await action();
    } catch (error) {
      signal.throwIfAborted();
      const status = error instanceof HubAnswerError ? error.status : undefined;
      if (!isPassing(error) || fruitless >= FRUITLESS_TRIES) throw explainHubError(error, { title: entry.title, folder, connection });
      if (await progress() - before >= 2 ** 20) fruitless = 0;
      const asked = status === 429 && error instanceof HubAnswerError ? error.retryAfterMs ?? 0 : 0;
      await delay(Math.min(30_000, Math.max(asked, firstPauseMs * 2 ** fruitless)), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

async function checkDisk(title: string, part: string, sizeBytes: number): Promise<void> {
  const folder = path.dirname(part);
  const { bavail, bsize } = await statfs(folder);
  const needed = sizeBytes - await sizeOf(part) + RESERVE;
  if (bavail * bsize >= needed) return;
  throw new ModelError(`${title} needs ${gigabytes(needed)} on the disk of ${folder}, where ${gigabytes(bavail * bsize)} are free. Make room, or set KAFKA_LLM_CHAT_STATE to a folder on a bigger disk.`);
}

/** While another download has the lock, its part tells how far it is. */
function watchOther({ entry, folder, ref, options: { onProgress } }: Job): NodeJS.Timeout | undefined {
  if (onProgress === undefined) return undefined;
  const { file, revision } = entry.source;
  const look = async (): Promise<void> => {
    const commit = isCommit(revision) ? revision : (await readFile(ref, "utf8")).trim();
    const { size } = await stat(path.join(folder, commit, `${file}.part`));
    onProgress({ what: path.basename(file), done: size, total: entry.sizeBytes, unit: "bytes" });
  };
  return setInterval(() => void look().catch(() => undefined), 500).unref();
}

/** Licences that let everybody use a model as they like need no notice. */
function licenceNotice(title: string, licence: string | undefined): string | undefined {
  if (licence === undefined || ["apache-2.0", "mit", "cc0-1.0", "bsd-3-clause", "unlicense"].includes(licence)) return undefined;
  return `${title} is under the licence "${licence}": downloading and using it means accepting that. Its text is on the model's page.`;
}

function throttled(onProgress: OnProgress | undefined, what: string, total: number): (done: number) => void {
  let last = -Infinity;
  return (done) => {
    const now = performance.now();
    if (done < total && now - last < 100) return;
    last = now;
    onProgress?.({ what, done, total, unit: "bytes" });
  };
}

async function announcedSha256(file: string): Promise<string | undefined> {
  try {
    return (JSON.parse(await readFile(file, "utf8")) as { sha256?: string }).sha256;
  } catch {
    return undefined;
  }
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}
