import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { readSettings, type Settings } from "../settings.js";
import { describeDevice, type LlamaDevice } from "./loadLlama.js";
import { type LocalBuild, nodeLlamaCppFolder, readLocalBuild } from "./localBuild.js";
import { gigabytes } from "./memoryNeeded.js";

/** What the choice of a device hangs on. */
export interface DeviceFacts {
  device: LlamaDevice;
  setting: Settings["llama"]["cuda"];
  localBuild: LocalBuild | undefined;
  /** Names of NVIDIA GPUs as the driver tells them; empty without a driver. */
  nvidia: string[];
  /** Kinds of GPU whose driver and libraries node-llama-cpp finds. */
  usable: string[];
  /** Whether the CUDA build that comes with node-llama-cpp is installed; undefined where there is none for this platform. */
  prebuiltCuda: boolean | undefined;
}

/** Says in plain sentences which device and which build of llama.cpp is in use, and why. */
export async function explainDevice(): Promise<string[]> {
  const { getLlamaGpuTypes } = await import("node-llama-cpp");
  const [device, localBuild, nvidia, usable] = await Promise.all([describeDevice(), readLocalBuild(), nvidiaGpus(), getLlamaGpuTypes("supported")]);
  const setting = readSettings().llama.cuda;
  return explainFacts({ device, setting, localBuild, nvidia, usable: usable.flatMap((kind) => (kind === false ? [] : [kind])), prebuiltCuda: hasPrebuiltCuda() });
}

/** The sentences for given facts. */
export function explainFacts(facts: DeviceFacts): string[] {
  const { device, localBuild } = facts;
  const build = device.build === "localBuild" ? `compiled on this machine${localBuild === undefined ? "" : ` (log: ${localBuild.log})`}` : "the one that comes with node-llama-cpp";
  const runs = device.backend === "cpu"
    ? `llama.cpp ${device.llamaCppRelease} runs on the CPU.`
    : `llama.cpp ${device.llamaCppRelease} runs on the GPU by ${NAMES[device.backend]}: ${device.gpus.join(", ")}, ${gigabytes(device.freeGpuMemory)} of its memory are free.`;
  return [runs, `Its build is ${build}.`, ...why(facts)];
}

const NAMES = { cpu: "the CPU", cuda: "CUDA", metal: "Metal", vulkan: "Vulkan" };

function why({ device, setting, localBuild, nvidia, usable, prebuiltCuda }: DeviceFacts): string[] {
  const sentences: string[] = [];
  const gpus = nvidia.join(", ");
  if (device.backend !== "cuda" && nvidia.length > 0) {
    if (setting === "off") sentences.push(`There is an NVIDIA GPU (${gpus}), but LLAMA_CUDA=off leaves it out.`);
    else if (!usable.includes("cuda")) sentences.push(`There is an NVIDIA GPU (${gpus}), but not all of CUDA's libraries are found: in a container, NVIDIA_DRIVER_CAPABILITIES must contain compute.`);
    else if (prebuiltCuda === false) sentences.push(`There is an NVIDIA GPU (${gpus}), but the CUDA build is not installed: run npm install again without --omit=optional.`);
    else sentences.push(`There is an NVIDIA GPU (${gpus}), but no CUDA build of llama.cpp could be loaded: its driver may be older than CUDA 12.4.`);
  } else if (device.backend === "cpu") {
    sentences.push("No GPU was found that llama.cpp can use: no NVIDIA driver" + (usable.includes("vulkan") ? ", and Vulkan has no device." : ", no Vulkan."));
  }
  if (device.build === "localBuild") sentences.push("It goes before the one that comes with node-llama-cpp, as LLAMA_CUDA=auto and =build say alike.");
  else if (setting === "build" || localBuild !== undefined) sentences.push(missing({ device, setting, localBuild, nvidia, usable }));
  return sentences;
}

/** Why the build compiled here is not in use. */
function missing({ device, setting, localBuild, nvidia, usable }: Omit<DeviceFacts, "prebuiltCuda">): string {
  if (localBuild === undefined) return "LLAMA_CUDA=build asks for a build compiled here, and there is none yet: `await buildLlama()` compiles it.";
  const date = localBuild.compiledAt.slice(0, 10);
  const which = setting === "build" ? `LLAMA_CUDA=build asks for a build compiled here; the one of ${date}` : `The build compiled here on ${date}`;
  if (localBuild.gpu === "cuda" && setting === "off") return `${which} is for CUDA, which LLAMA_CUDA=off leaves out.`;
  if (localBuild.gpu === "cuda" && device.backend === "cpu" && nvidia.length === 0 && !usable.includes("cuda")) return `${which} is for CUDA and waits for an NVIDIA driver.`;
  return `${which} does not load on this device, see ${localBuild.log}.`;
}

async function nvidiaGpus(): Promise<string[]> {
  const { stdout } = await promisify(execFile)("nvidia-smi", ["--query-gpu=name", "--format=csv,noheader"], { timeout: 10_000 }).catch(() => ({ stdout: "" }));
  return stdout.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

function hasPrebuiltCuda(): boolean | undefined {
  const platform = ({ linux: "linux", win32: "win" } as Partial<Record<NodeJS.Platform, string>>)[os.platform()];
  if (platform === undefined || process.arch !== "x64") return undefined;
  const folder = nodeLlamaCppFolder();
  return [path.dirname(folder), path.join(folder, "node_modules")].some((modules) => existsSync(path.join(modules, "@node-llama-cpp", `${platform}-x64-cuda`)));
}
