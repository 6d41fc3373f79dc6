import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { writeWhole } from "./verifiedFile.js";

export type BuildGpu = "cuda" | "vulkan" | "metal" | "cpu";

/** A build of llama.cpp that was compiled on this machine. */
export interface LocalBuild {
  gpu: BuildGpu;
  /** CMake options it was compiled with: node-llama-cpp finds the build only by naming the same ones. */
  cmakeOptions: Record<string, string>;
  /** ISO 8601. */
  compiledAt: string;
  /** The log of the compilation. */
  log: string;
}

/** The folder of the package node-llama-cpp, found without loading it. */
export function nodeLlamaCppFolder(): string {
  return path.resolve(path.dirname(fileURLToPath(import.meta.resolve("node-llama-cpp"))), "..");
}

/** The last build that buildLlama() has finished; undefined if there is none. */
export async function readLocalBuild(): Promise<LocalBuild | undefined> {
  try {
    return JSON.parse(await readFile(recordFile(), "utf8")) as LocalBuild;
  } catch {
    return undefined;
  }
}

export async function writeLocalBuild(build: LocalBuild): Promise<void> {
  await writeWhole(recordFile(), JSON.stringify(build));
}

/** Beside the builds: whoever installs the packages anew removes both. */
function recordFile(): string {
  return path.join(nodeLlamaCppFolder(), "llama", "localBuilds", "kafka-llm-chat.json");
}
