import path from "node:path";
import { WaitLimitError } from "../daemon/waitUntil.js";
import { withLock } from "../daemon/withLock.js";
import type { OnProgress } from "../progress.js";
import { readSettings } from "../settings.js";
import { buildProgress } from "./buildProgress.js";
import { checkBuildTools, type CheckBuildToolsOptions } from "./checkBuildTools.js";
import { type BuildGpu, type LocalBuild, nodeLlamaCppFolder, writeLocalBuild } from "./localBuild.js";
import { runLogged } from "./runLogged.js";

export interface BuildLlamaOptions extends CheckBuildToolsOptions {
  /** What to compile for. Default `cuda`. */
  gpu?: BuildGpu;
  /** CMake options of llama.cpp besides NODE_LLAMA_CPP_CMAKE_OPTION_..., e.g. `{ CMAKE_CUDA_ARCHITECTURES: "90" }`. Default: this machine's GPU only. */
  cmakeOptions?: Record<string, string>;
  /** Each line that the compilation prints, and before it what was found. */
  onLine?: (line: string) => void;
  /** Files compiled, or where make does it, per cent. */
  onProgress?: OnProgress;
  /** Ends the compilation with all its processes. */
  signal?: AbortSignal;
}

/** How CMake, compilers and the operating system say what is wrong; below it stand pages of usage and stack traces. */
const CAUSE = /CMake Error|[: ]error[: ]|fatal|Unable to find|FAILED:|No space left|out of memory|Killed/;

/**
 * Compiles llama.cpp from the source that comes with node-llama-cpp, which takes from ten minutes to an hour; loadLlama() takes
 * the result from the next process on. Needs no network, unless CMake is missing. The log lies under `log/` in the state folder.
 * @throws BuildToolsError before anything is started; Error with what the log says of the reason; the signal's reason.
 */
export async function buildLlama({ gpu = "cuda", cmakeOptions = {}, onLine, onProgress, signal, ...check }: BuildLlamaOptions = {}): Promise<LocalBuild> {
  const settings = readSettings();
  signal?.throwIfAborted();
  const { found, cuda } = await checkBuildTools(gpu, check);
  for (const line of found) onLine?.(line);
  const log = path.join(settings.stateDirectory, "log", `build-llama-${gpu}.log`);
  // GGML_CCACHE is off anyway. But a build with options of its own has a folder of its own, so that who loads llama.cpp
  // meanwhile does not wait for its end, as node-llama-cpp does when the folders are the same.
  const options = { GGML_CCACHE: "OFF", ...settings.llama.cmakeOptions, ...cmakeOptions };
  const env = {
    ...process.env,
    // node-llama-cpp calls npm, which lies beside node.
    PATH: [path.dirname(process.execPath), process.env["PATH"] ?? ""].join(path.delimiter),
    ...(cuda === undefined || cuda.toolkit === "" ? {} : { CUDACXX: cuda.nvcc, CUDA_PATH: cuda.toolkit }),
    ...Object.fromEntries(Object.entries(options).map(([name, value]) => [`NODE_LLAMA_CPP_CMAKE_OPTION_${name}`, value])),
  };
  const folder = nodeLlamaCppFolder();
  const args = [path.join(folder, "dist", "cli", "cli.js"), "source", "download", "--gpu", gpu === "cpu" ? "false" : gpu, "--noUsageExample"];
  const lock = path.join(settings.stateDirectory, "build-llama.lock");
  let begun = false;
  try {
    return await withLock(lock, async () => {
      begun = true;
      await runLogged(process.execPath, args, { env, log, signal, cause: CAUSE, onLine: (line) => {
        onLine?.(line);
        const progress = buildProgress(line);
        if (progress !== undefined) onProgress?.(progress);
      } });
      const build: LocalBuild = { gpu, cmakeOptions: options, compiledAt: new Date().toISOString(), log };
      await writeLocalBuild(build);
      return build;
    }, { timeoutMs: 1000, signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (!begun && error instanceof WaitLimitError) throw new Error(`llama.cpp is being compiled already. Wait for that, or end it; its log is ${log}.`, { cause: error });
    throw error;
  }
}
