import type { HubModel } from "./DownloadJob.js";
import { isCommit } from "./hubAddress.js";
import { HubAnswerError, type HubConnection, hubRequests } from "./hubFetch.js";
import { ModelError } from "./ModelError.js";
import { Silence } from "../Silence.js";

/** What the hub says of a file. */
export interface HubFile {
  /** The commit that the revision stands for now. */
  commit: string;
  sizeBytes: number;
  /** SHA-256 in hexadecimal. */
  sha256: string;
  /** As the model card names it, e.g. `apache-2.0`; undefined if it was not asked for or is not told. */
  licence: string | undefined;
}

/**
 * Asks the hub for a file's commit, size and checksum, and for the licence where nobody knows it.
 * @param silenceMs Limit in milliseconds for each answer.
 * @throws ModelError where the hub has no checksum; HubAnswerError, BrokenConnectionError, or fetch's errors; the signal's reason.
 */
export async function hubFile({ title, source: { repository, file, revision }, licence: known }: Pick<HubModel, "title" | "source" | "licence">, connection: HubConnection, signal: AbortSignal, silenceMs: number): Promise<HubFile> {
  const { modelInfo, pathsInfo } = await import("@huggingface/hub");
  const silence = new Silence(silenceMs);
  const { fetch, hubUrl } = await hubRequests(connection, AbortSignal.any([signal, silence.signal]));
  try {
    const model = isCommit(revision) && known !== undefined ? undefined : await modelInfo({ name: repository, revision, additionalFields: ["sha", "tags"], hubUrl, fetch });
    const commit = isCommit(revision) ? revision : model?.sha ?? revision;
    if (!isCommit(commit)) throw answer(`the hub names no commit for ${revision}, but "${commit}"`);
    silence.interrupt();
    const [found] = await pathsInfo({ repo: repository, paths: [file], revision: commit, hubUrl, fetch });
    if (found?.path !== file || found.type !== "file") throw new HubAnswerError(404, "EntryNotFound", file, undefined);
    const { oid: sha256, size: sizeBytes } = found.lfs ?? { oid: "", size: NaN };
    if (!/^[0-9a-f]{64}$/.test(sha256) || !Number.isSafeInteger(sizeBytes) || sizeBytes <= 0) {
      throw new ModelError(`Downloading ${title} failed: the hub tells no size and SHA-256 of ${file}, which its owner has not put into large file storage (LFS), so nobody could check what comes. Choose another file, or download it yourself and set CHAT_MODEL to its path.`);
    }
    const licence = model?.tags?.find((tag) => tag.startsWith("license:"))?.slice("license:".length);
    return { commit, sizeBytes, sha256, licence };
  } catch (error) {
    signal.throwIfAborted();
    throw silence.error ?? error;
  } finally {
    silence.end();
  }

  function answer(message: string): HubAnswerError {
    return new HubAnswerError(200, undefined, file, undefined, message);
  }
}
