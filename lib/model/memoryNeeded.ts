import os from "node:os";
import type { CatalogueEntry } from "./catalogue.js";

/** Memory of this machine in bytes. */
export interface MachineMemory {
  total: number;
  free: number;
  /** Memory of GPUs, where it is not the machine's own. */
  gpuTotal: number;
  gpuFree: number;
}

type Needs = Pick<CatalogueEntry, "title" | "contextSize" | "sequences" | "kvBytesPerToken">;

/** Memory in bytes that a model takes: its file, its context, and what llama.cpp computes in (estimated at 300 MiB at most). */
export function memoryNeeded(sizeBytes: number, { contextSize, sequences, kvBytesPerToken }: Needs): number {
  // A model nobody has described: a quarter of the weights is what 7B models of today take for 8,192 tokens.
  const context = (kvBytesPerToken ?? sizeBytes / 4 / 8192) * contextSize * sequences;
  return sizeBytes + context + Math.min(300 * 2 ** 20, sizeBytes / 2);
}

/**
 * Whether the machine can hold a model: `error` if its weights alone exceed all memory there is, `warning` if it needs more
 * than is free now, or more than a GPU has free, so that a part of its layers runs on the CPU. A sentence or two each, with the figures.
 */
export function judgeMemory(sizeBytes: number, entry: Needs, machine: MachineMemory): { error?: string; warning?: string } {
  const needed = memoryNeeded(sizeBytes, entry);
  const total = machine.total + machine.gpuTotal;
  const free = machine.free + machine.gpuFree;
  const gpu = machine.gpuTotal > 0 ? ", the GPU's included" : "";
  const asked = `${entry.title} needs about ${gigabytes(needed)} of memory`;
  if (sizeBytes > total) return { error: `${asked}, and this machine has ${gigabytes(total)}${gpu}. Choose a smaller model.` };
  if (needed > free) return { warning: `${asked}, and ${gigabytes(free)} are free now${gpu}. It may be very slow or fail to load: end other programs, or choose a smaller model.` };
  if (machine.gpuTotal > 0 && needed > machine.gpuFree) return { warning: `${asked}, and ${gigabytes(machine.gpuFree)} of the GPU's are free now: what does not fit there runs on the CPU, which is slower.${fewer(sizeBytes, entry, machine)}` };
  return {};
}

/** How many conversations at once fit onto the GPU with the whole model, if any. */
function fewer(sizeBytes: number, entry: Needs, { gpuFree }: MachineMemory): string {
  for (let sequences = entry.sequences - 1; sequences > 0; sequences--) {
    if (memoryNeeded(sizeBytes, { ...entry, sequences }) <= gpuFree) return ` With CHAT_SEQUENCES=${sequences} all of it fits.`;
  }
  return "";
}

/** The memory of this machine, or of the container around this process; a GPU counts as far as llama.cpp finds it. */
export async function machineMemory(): Promise<MachineMemory> {
  const limit = process.constrainedMemory();
  const total = limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
  const free = Math.min(total, process.availableMemory());
  const gpu = await gpuMemory().catch(() => ({ total: 0, free: 0 }));
  return { total, free, gpuTotal: gpu.total, gpuFree: gpu.free };
}

async function gpuMemory(): Promise<{ total: number; free: number }> {
  const { loadLlama } = await import("./loadLlama.js");
  const llama = await loadLlama();
  if (llama.gpu === false) return { total: 0, free: 0 };
  const { total, free, unifiedSize } = await llama.getVramState();
  return { total: Math.max(0, total - unifiedSize), free: Math.max(0, free - unifiedSize) };
}

/** Decimal gigabytes, as disks and downloads count them; megabytes below one. */
export function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
