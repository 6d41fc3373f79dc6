import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { modelsDirectory } from "../paths.js";
import { type CatalogueEntry, catalogue } from "./catalogue.js";
import { originalSampling } from "./Sampling.js";

/** A model whose file lies on this machine. */
export interface ResolvedModel {
  entry: CatalogueEntry;
  /** Absolute path of the .gguf file. */
  path: string;
  sha256: string;
}

/** A model could not be found, or is not what it should be. */
export class ModelError extends Error {
  override name = "ModelError";
}

/**
 * Finds what CHAT_MODEL names: a catalogue name or a path to a .gguf file.
 * @throws ModelError when there is no such model, or when its file is not the one that the catalogue describes.
 */
export async function resolveModel(spec: string): Promise<ResolvedModel> {
  const entry = catalogue.find(({ name }) => name === spec) ?? entryOfPath(spec);
  const file = pathOf(entry);
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw new ModelError(`There is no model file ${file}. CHAT_MODEL is ${catalogueNames()}, or the path to a .gguf file.`);
  const sha256 = await hash(file);
  if (entry.sha256 !== undefined && entry.sha256 !== sha256) {
    throw new ModelError(`${file} is damaged: its SHA-256 is ${sha256}, not ${entry.sha256}. Restore it, e.g. by \`git checkout -- models\`.`);
  }
  return { entry, path: file, sha256 };
}

function entryOfPath(spec: string): CatalogueEntry {
  if (!spec.endsWith(".gguf")) {
    throw new ModelError(`CHAT_MODEL is "${spec}", but it is ${catalogueNames()}, or the path to a .gguf file.`);
  }
  const file = path.resolve(spec);
  return {
    name: path.basename(file, ".gguf"), title: path.basename(file), source: { kind: "path", path: file }, sizeBytes: undefined, sha256: undefined,
    licence: undefined, contextSize: 2048, sequences: 4, threads: undefined, sampling: originalSampling,
  };
}

function pathOf({ source }: CatalogueEntry): string {
  if (source.kind === "path") return source.path;
  return path.join(modelsDirectory, source.file);
}

function catalogueNames(): string {
  return `one of ${catalogue.map(({ name }) => `"${name}"`).join(", ")}`;
}

async function hash(file: string): Promise<string> {
  const digest = createHash("sha256");
  await pipeline(createReadStream(file), digest);
  return digest.digest("hex");
}
