import path from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root: this file runs as `lib/dist/paths.js`. */
export const repositoryRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..");

/** The model files that the repository carries. */
export const modelsDirectory = path.join(repositoryRoot, "models");
