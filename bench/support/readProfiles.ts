import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  /** Microseconds from one sample to the next. */
  timeDeltas: number[];
}

/** Where the time of the processes went: functions by the time spent in themselves, the most first, in milliseconds. */
export async function readProfiles(folder: string, most = 15): Promise<{ function: string; ms: number }[]> {
  const times = new Map<string, number>();
  for (const name of (await readdir(folder)).filter((file) => file.endsWith(".cpuprofile"))) {
    const { nodes, samples, timeDeltas } = JSON.parse(await readFile(path.join(folder, name), "utf8")) as CpuProfile;
    const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
    for (const [index, id] of samples.entries()) {
      const where = names.get(id) ?? "(unknown)";
      times.set(where, (times.get(where) ?? 0) + (timeDeltas[index] ?? 0) / 1000);
    }
  }
  return [...times].map(([where, ms]) => ({ function: where, ms: Math.round(ms) })).sort((a, b) => b.ms - a.ms).slice(0, most);
}

function nameOf({ functionName, url, lineNumber }: { functionName: string; url: string; lineNumber: number }): string {
  const place = url.split("/").slice(-2).join("/");
  return `${functionName || "(anonymous)"}${place === "" ? "" : ` ${place}:${lineNumber + 1}`}`;
}
