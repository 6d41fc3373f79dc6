import type { Llama } from "node-llama-cpp";
import { readSettings } from "../settings.js";
import { readLocalBuild } from "./localBuild.js";

/** What llama.cpp runs on here. */
export interface LlamaDevice {
  /** `cpu`, `cuda`, `metal` or `vulkan`. */
  backend: "cpu" | "cuda" | "metal" | "vulkan";
  /** Names of the GPUs; empty on a CPU. */
  gpus: string[];
  /** Free GPU memory in bytes; 0 on a CPU. */
  freeGpuMemory: number;
  /** Whether the binary came with the package or was compiled on this machine. */
  build: "prebuilt" | "localBuild";
  llamaCppRelease: string;
}

let shared: Promise<Llama> | undefined;

/**
 * llama.cpp, loaded once a process: on the GPU where there is one, else on the CPU. A build that buildLlama() has compiled here
 * goes before the one that comes with node-llama-cpp; LLAMA_CUDA=off leaves CUDA out. Never compiles anything.
 * @throws Error that says what was tried when no binary fits this machine.
 */
export function loadLlama(): Promise<Llama> {
  return (shared ??= load().catch((error: unknown) => {
    shared = undefined;
    throw error;
  }));
}

async function load(): Promise<Llama> {
  // A real import(): the module awaits at its top level, so the require() that a notebook cell does cannot load it.
  const { getLlama, LlamaLogLevel } = await import("node-llama-cpp");
  const gpu = readSettings().llama.cuda === "off" ? { type: "auto" as const, exclude: ["cuda" as const] } : "auto";
  // With the options of a local build that one is looked for first, then a prebuilt one whatever its options. Not "lastBuild":
  // when that cannot be loaded, it compiles.
  const cmakeOptions = (await readLocalBuild())?.cmakeOptions ?? {};
  try {
    return await withoutEvalFlags(() => getLlama({ gpu, build: "never", cmakeOptions, logLevel: LlamaLogLevel.error, progressLogs: false }));
  } catch (error) {
    throw new Error(
      `No build of llama.cpp for ${process.platform} ${process.arch} could be loaded. `
      + "`npx node-llama-cpp inspect gpu` shows what this machine has; `await buildLlama({ gpu: \"cpu\" })` compiles one for its CPU, `await buildLlama()` one for CUDA.", { cause: error });
  }
}

/**
 * node-llama-cpp tries each binary in a child process first, which gets this process's flags; with those of `node -e` it
 * would run something else, and no binary would ever do.
 */
async function withoutEvalFlags<T>(use: () => Promise<T>): Promise<T> {
  const { execArgv } = process;
  process.execArgv = execArgv.filter((flag, index) => !/^(-e|--eval|-p|--print|--input-type)/.test(flag) && !/^(-e|--eval|-p|--print)$/.test(execArgv[index - 1] ?? ""));
  try {
    return await use();
  } finally {
    process.execArgv = execArgv;
  }
}

/** Tells what llama.cpp runs on. */
export async function describeDevice(): Promise<LlamaDevice> {
  const llama = await loadLlama();
  const gpus = llama.gpu === false ? [] : await llama.getGpuDeviceNames();
  const freeGpuMemory = llama.gpu === false ? 0 : (await llama.getVramState()).free;
  return {
    backend: llama.gpu === false ? "cpu" : llama.gpu,
    gpus,
    freeGpuMemory,
    build: llama.buildType,
    llamaCppRelease: llama.llamaCppRelease.release,
  };
}
