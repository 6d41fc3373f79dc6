import { execFile } from "node:child_process";
import { constants, existsSync } from "node:fs";
import { access, statfs } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { type LlamaSettings, readSettings } from "../settings.js";
import { type BuildGpu, nodeLlamaCppFolder } from "./localBuild.js";
import { gigabytes } from "./memoryNeeded.js";

/** Something that compiling needs is missing; nothing has been started. */
export class BuildToolsError extends Error {
  override name = "BuildToolsError";
}

export interface BuildTools {
  /** What was found, a sentence each. */
  found: string[];
  /** nvcc and the folder of the toolkit it belongs to, empty where the PATH alone leads to it; undefined where CUDA is not asked for. */
  cuda: { nvcc: string; toolkit: string } | undefined;
}

export interface CheckBuildToolsOptions {
  /** Default: the environment's. */
  settings?: Pick<LlamaSettings, "nvcc" | "cudaToolkit"> | undefined;
  /** Runs `command --version`: what it prints, or undefined if it does not run. For tests. */
  versionOf?: (command: string) => Promise<string | undefined>;
  /** Whether a file exists. For tests. */
  exists?: (file: string) => boolean;
  /** Bytes free on the disk of the packages. For tests. */
  freeBytes?: number;
}

/** Bytes on the disk that compiling takes: an estimate for one CUDA architecture, with room. */
const DISK = 5e9;

/**
 * Looks for all that compiling llama.cpp needs: git, a C++ compiler, make or ninja, CMake, for CUDA nvcc, a folder that can be
 * written, disk.
 * @throws BuildToolsError that names everything missing, and how to come by it.
 */
export async function checkBuildTools(gpu: BuildGpu, { settings = readSettings().llama, versionOf = version, exists = existsSync, freeBytes }: CheckBuildToolsOptions = {}): Promise<BuildTools> {
  const found: string[] = [];
  const missing: string[] = [];
  const look = async (what: string, commands: string[], remedy: string): Promise<string | undefined> => {
    for (const command of commands) {
      const text = await versionOf(command);
      if (text === undefined) continue;
      found.push(`${what}: ${command}, ${text}`);
      return command;
    }
    missing.push(remedy);
    return undefined;
  };
  await look("git", ["git"], "git, which unpacks the source (Debian, Ubuntu: apt install git)");
  await look("C++ compiler", ["c++", "g++", "clang++"], "a C++ compiler (Debian, Ubuntu: apt install build-essential; macOS: xcode-select --install)");
  await look("build tool", ["ninja", "make"], "make or ninja (Debian, Ubuntu: apt install make)");
  const folder = nodeLlamaCppFolder();
  const cmake = path.join(folder, "llama", "xpack", "xpacks", ".bin", "cmake");
  await look("CMake", ["cmake", cmake], "CMake 3.19 or later (Debian, Ubuntu: apt install cmake; from PyPI: pip install cmake)");
  const nvcc = gpu === "cuda" ? await look("CUDA compiler", nvccPlaces(settings), cudaRemedy(settings)) : undefined;
  const toolkit = nvcc === undefined ? "" : settings.cudaToolkit ?? (path.isAbsolute(nvcc) ? path.resolve(nvcc, "..", "..") : "");
  const headers = ["include", "targets/x86_64-linux/include", "targets/sbsa-linux/include"];
  if (toolkit !== "" && !headers.some((folder) => exists(path.join(toolkit, folder, "cuda_runtime.h")))) {
    missing.push(`the rest of the CUDA toolkit: ${toolkit} has no include/cuda_runtime.h (set CUDA_PATH to the toolkit's folder, or install its development packages)`);
  }

  await access(path.join(folder, "llama"), constants.W_OK).catch(() => missing.push(`the right to write into ${folder}, where the build goes`));
  const disk = await statfs(folder);
  const free = freeBytes ?? disk.bavail * disk.bsize;
  if (free < DISK) missing.push(`${gigabytes(DISK)} on the disk of ${folder}, where ${gigabytes(free)} are free`);
  if (missing.length > 0) throw new BuildToolsError(`llama.cpp cannot be compiled here. Missing: ${missing.join("; ")}. Nothing has been started.`);
  return { found, cuda: nvcc === undefined ? undefined : { nvcc, toolkit } };
}

/** CMake takes CUDACXX and nothing else where it is set, so no other nvcc may answer for it. */
function nvccPlaces({ nvcc, cudaToolkit }: Pick<LlamaSettings, "nvcc" | "cudaToolkit">): string[] {
  if (nvcc !== undefined) return [nvcc];
  if (cudaToolkit !== undefined) return [path.join(cudaToolkit, "bin", "nvcc")];
  return ["nvcc", "/usr/local/cuda/bin/nvcc"];
}

function cudaRemedy(settings: Pick<LlamaSettings, "nvcc" | "cudaToolkit">): string {
  const tried = settings.nvcc !== undefined ? `CUDACXX is ${settings.nvcc}, which does not run`
    : settings.cudaToolkit !== undefined ? `CUDA_PATH is ${settings.cudaToolkit}, whose bin/nvcc does not run`
      : "it is neither on the PATH nor in /usr/local/cuda/bin";
  return `the CUDA compiler nvcc (${tried}). Install NVIDIA's CUDA toolkit 12.4 or later and set CUDA_PATH to its folder; or do without: the CUDA build that comes with node-llama-cpp needs no compiler, LLAMA_CUDA=auto takes it`;
}

/** The line of the answer that holds a version number. */
async function version(command: string): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)(command, ["--version"], { timeout: 10_000 }).catch(() => ({ stdout: undefined }));
  return stdout === undefined ? undefined : stdout.split("\n").find((line) => /\d+\.\d+/.test(line))?.trim() ?? "of unknown version";
}
