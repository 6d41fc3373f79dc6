import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import path from "node:path";
import { modelsDirectory } from "../paths.js";
import type { OnProgress } from "../progress.js";
import { readSettings } from "../settings.js";
import { type CatalogueEntry, catalogue } from "./catalogue.js";
import { downloadModel } from "./downloadModel.js";
import { parseHubAddress } from "./hubAddress.js";
import { ModelError } from "./ModelError.js";
import { originalSampling } from "./Sampling.js";
import { recordVerified, sha256Of, verifiedSha256 } from "./verifiedFile.js";

export { ModelError } from "./ModelError.js";

export interface ResolveModelOptions {
  /** Tokens of one conversation and conversations at once, by which memory is judged before a download. Default: the catalogue's figures. */
  contextSize?: number | undefined;
  sequences?: number | undefined;
  /** Bytes of a download, or of a check of a big file. */
  onProgress?: OnProgress | undefined;
  /** Sentences that a person should see of a download: the licence, too little memory, why it is tried again. */
  onNotice?: ((sentence: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** A model whose file lies on this machine. */
export interface ResolvedModel {
  /** The catalogue's, with what the options say otherwise. */
  entry: CatalogueEntry;
  /** Absolute path of the .gguf file. */
  path: string;
  sha256: string;
  /** The commit on the hub that the file belongs to; undefined for files that come from elsewhere. */
  commit?: string | undefined;
}

/** Bytes from which on a file's checksum is written down, so that not every start computes it. */
const BIG = 64 * 2 ** 20;

/**
 * Finds what CHAT_MODEL names, and downloads it if it is on the hub and not here yet: a catalogue name, an address
 * `hf:owner/repository/file.gguf[@revision]`, or a path to a .gguf file.
 * @throws ModelError when there is no such model, when it cannot be downloaded, or when its file is not the one described.
 */
export async function resolveModel(spec: string, { contextSize, sequences, onProgress, onNotice, signal }: ResolveModelOptions = {}): Promise<ResolvedModel> {
  const known = describe(spec);
  const entry = { ...known, contextSize: contextSize ?? known.contextSize, sequences: sequences ?? known.sequences };
  const { source } = entry;
  if (source.kind === "hub") {
    const { licence, ...found } = await downloadModel({ ...entry, source }, { onProgress, onNotice, signal });
    return { entry: { ...entry, licence: entry.licence ?? licence }, ...found };
  }
  const file = source.kind === "path" ? source.path : path.join(modelsDirectory, source.file);
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw new ModelError(`There is no model file ${file}. CHAT_MODEL is ${choices()}.`);
  const sha256 = await checksum(file, found.size, { onProgress, signal });
  if (entry.sha256 !== undefined && entry.sha256 !== sha256) {
    throw new ModelError(`${file} is damaged: its SHA-256 is ${sha256}, not ${entry.sha256}. Restore it, e.g. by \`git checkout -- models\`.`);
  }
  return { entry, path: file, sha256 };
}

/** What is known of a model before its file is here. */
function describe(spec: string): CatalogueEntry {
  const known = catalogue.find(({ name }) => name === spec);
  if (known !== undefined) return known;
  const address = parseHubAddress(spec);
  if (address !== undefined) {
    const name = path.basename(address.file, ".gguf");
    return { ...undescribed, name, title: `${address.repository}/${address.file}`, source: address };
  }
  if (!spec.endsWith(".gguf")) throw new ModelError(`CHAT_MODEL is "${spec}", but it is ${choices()}.`);
  const file = path.resolve(spec);
  return { ...undescribed, name: path.basename(file, ".gguf"), title: path.basename(file), source: { kind: "path", path: file } };
}

const undescribed = { sizeBytes: undefined, sha256: undefined, licence: undefined, contextSize: 2048, sequences: 4, threads: undefined, sampling: originalSampling };

function choices(): string {
  return `one of ${catalogue.map(({ name }) => `"${name}"`).join(", ")}, an address hf:owner/repository/file.gguf, or the path to a .gguf file`;
}

/** The user's folders are not ours to write into, so the record lies with our data. */
async function checksum(file: string, size: number, { onProgress, signal }: Pick<ResolveModelOptions, "onProgress" | "signal">): Promise<string> {
  if (size < BIG) return await sha256Of(file, { signal });
  const name = createHash("sha256").update(path.resolve(file)).digest("hex").slice(0, 32);
  const record = path.join(readSettings().stateDirectory, "models", "checksums", `${name}.json`);
  const recorded = await verifiedSha256(file, record);
  if (recorded !== undefined) return recorded;
  const what = `checking ${path.basename(file)}`;
  const sha256 = await sha256Of(file, { signal, onBytes: (done) => onProgress?.({ what, done, total: size, unit: "bytes" }) });
  await recordVerified(file, sha256, record);
  return sha256;
}
