import { mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { withLock } from "../daemon/withLock.js";
import type { OnProgress } from "../progress.js";
import { readSettings } from "../settings.js";
import { checkDownload } from "./checkDownload.js";
import type { DownloadJob, HubModel } from "./DownloadJob.js";
import { explainHubError } from "./explainHubError.js";
import { fillPart } from "./fillPart.js";
import { isCommit } from "./hubAddress.js";
import type { HubConnection } from "./hubFetch.js";
import { hubFile } from "./hubFile.js";
import type { MachineMemory } from "./memoryNeeded.js";
import { ModelError } from "./ModelError.js";
import { persist } from "./persist.js";
import { throttled } from "./throttled.js";
import { sizeOf } from "./transfer.js";
import { recordedSha256, recordVerified, sha256Of, verifiedSha256, writeWhole } from "./verifiedFile.js";

export interface DownloadModelOptions {
  /** Bytes so far and in all, at most ten times a second; `what` is the file, or "checking" and the file. */
  onProgress?: OnProgress | undefined;
  /** Sentences that a person should see: before the download the licence and too little memory; why and when it is tried again. */
  onNotice?: ((sentence: string) => void) | undefined;
  /** Ends the download; what has come is kept for the next one. */
  signal?: AbortSignal | undefined;
  /** Default: HF_ENDPOINT and HF_TOKEN. */
  connection?: HubConnection | undefined;
  /** Folder of all models. Default: `models` in the state folder. */
  modelsDirectory?: string | undefined;
  /** Memory to judge by. Default: this machine's, and its GPUs'. */
  memory?: MachineMemory | undefined;
  /** Milliseconds without an answer or a byte after which a connection counts as broken and another one is tried. Default 30,000. */
  silenceMs?: number | undefined;
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

/** Milliseconds to wait for another process that downloads the same file: a day. */
const OTHER_DOWNLOAD = 86_400_000;
/** How often it is looked how far that one is, in milliseconds. */
const LOOK_EVERY_MS = 500;

/**
 * Downloads a model file from the Hugging Face hub into `<models>/<owner>/<repository>/<commit>/`, or finds it there: then
 * nothing is asked of the network. Goes on where an earlier download broke off, and tries again when the connection breaks.
 * Who asks for a file that is being downloaded, by this process or another, waits for that one.
 * A branch stays what it was at its first download; name a commit to get another one.
 * @throws ModelError in plain words, with what to do; the signal's reason.
 */
export async function downloadModel(entry: HubModel, options: DownloadModelOptions = {}): Promise<DownloadedModel> {
  const settings = readSettings();
  const modelsDirectory = options.modelsDirectory ?? path.join(settings.stateDirectory, "models");
  const connection = options.connection ?? settings.huggingFace;
  const signal = options.signal ?? new AbortController().signal;
  const folder = path.join(modelsDirectory, ...entry.source.repository.split("/"));
  const job: DownloadJob = { entry, options, connection, signal, silenceMs: options.silenceMs ?? 30_000, folder, ref: path.join(folder, "refs", encodeURIComponent(entry.source.revision), entry.source.file) };
  signal.throwIfAborted();
  try {
    // Without the lock, which a folder that is only to be read has no place for.
    return await present(job) ?? await downloadAlone(job);
  } catch (error) {
    signal.throwIfAborted();
    throw explainHubError(error, { title: entry.title, folder, connection });
  }
}

async function downloadAlone(job: DownloadJob): Promise<DownloadedModel> {
  const { entry, folder, signal } = job;
  // One for all revisions: a branch and the commit it stands for have the same part.
  const lock = path.join(folder, `${entry.source.file.replaceAll("/", "_")}.lock`);
  const watcher = watchOther(job);
  try {
    return await withLock(lock, async () => {
      clearInterval(watcher);
      return await present(job) ?? await download(job);
    }, { timeoutMs: OTHER_DOWNLOAD, intervalMs: LOOK_EVERY_MS, signal });
  } finally {
    clearInterval(watcher);
  }
}

/** The file, if it is there and right. Its content is read only if nobody has written down that it was checked. */
async function present({ entry, folder, ref, options, signal }: DownloadJob): Promise<DownloadedModel | undefined> {
  const { revision, file } = entry.source;
  const commit = isCommit(revision) ? revision : (await readFile(ref, "utf8").catch(() => "")).trim();
  if (!isCommit(commit)) return undefined;
  const target = path.join(folder, commit, file);
  const found = await stat(target).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  const verified = await verifiedSha256(target);
  const expected = entry.sha256 ?? await recordedSha256(target) ?? (await announced(`${target}.part`)).sha256;
  if (expected === undefined) return undefined;
  if (verified !== expected) {
    const report = throttled(options.onProgress, `checking ${path.basename(file)}`, found.size);
    if (await sha256Of(target, { onBytes: report, signal }) !== expected) return undefined;
    await noteVerified(target, expected);
  }
  return { path: target, sha256: expected, commit, licence: undefined };
}

async function download(job: DownloadJob): Promise<DownloadedModel> {
  const { entry, connection, signal, silenceMs, folder, ref } = job;
  const { source, title } = entry;
  const remote = await persist(job, () => hubFile(entry, connection, signal, silenceMs));
  if (entry.sha256 !== undefined && entry.sha256 !== remote.sha256) {
    throw new ModelError(`${title} on the hub is not the file that the catalogue describes: its SHA-256 is ${remote.sha256}, not ${entry.sha256}. Update this program, or check HF_ENDPOINT.`);
  }
  const target = path.join(folder, remote.commit, source.file);
  const part = `${target}.part`;
  await mkdir(path.dirname(target), { recursive: true });
  if ((await announced(part)).sha256 !== remote.sha256) await rm(part, { force: true });
  await writeWhole(`${part}.json`, JSON.stringify({ sha256: remote.sha256, sizeBytes: remote.sizeBytes }));
  if (!isCommit(source.revision)) {
    const before = (await readFile(ref, "utf8").catch(() => "")).trim();
    if (isCommit(before) && before !== remote.commit) await inherit(part, `${path.join(folder, before, source.file)}.part`, remote.sha256);
    await writeWhole(ref, remote.commit);
  }

  await checkDownload(job, remote, part);
  await fillPart(job, remote, part);
  await rename(part, target);
  await noteVerified(target, remote.sha256);
  return { path: target, sha256: remote.sha256, commit: remote.commit, licence: remote.licence };
}

/** The branch has moved on since a download of it broke off: what has come of the same content is kept, of another one removed. */
async function inherit(part: string, old: string, sha256: string): Promise<void> {
  if ((await announced(old)).sha256 === sha256 && await sizeOf(old) > await sizeOf(part)) await rename(old, part);
  await Promise.all([old, `${old}.json`].map((file) => rm(file, { force: true })));
}

/** What the hub has announced is needed until the record says it, too. In a folder that cannot be written it stays as it is. */
async function noteVerified(target: string, sha256: string): Promise<void> {
  if (await recordVerified(target, sha256)) await rm(`${target}.part.json`, { force: true }).catch(() => undefined);
}

/** While another download has the lock, its part tells how far it is. */
function watchOther({ entry, folder, ref, options: { onProgress } }: DownloadJob): NodeJS.Timeout | undefined {
  if (onProgress === undefined) return undefined;
  const { file, revision } = entry.source;
  const look = async (): Promise<void> => {
    const commit = isCommit(revision) ? revision : (await readFile(ref, "utf8")).trim();
    const part = path.join(folder, commit, `${file}.part`);
    const { size } = await stat(part);
    onProgress({ what: path.basename(file), done: size, total: entry.sizeBytes ?? (await announced(part)).sizeBytes, unit: "bytes" });
  };
  return setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS).unref();
}

/** What the hub has told of the file whose part this is or was. */
async function announced(part: string): Promise<{ sha256?: string; sizeBytes?: number }> {
  try {
    return JSON.parse(await readFile(`${part}.json`, "utf8")) as { sha256?: string; sizeBytes?: number };
  } catch {
    return {};
  }
}
