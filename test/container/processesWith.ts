import fs from "node:fs";

export interface Process {
  pid: number;
  /** As the kernel has it, without a folder. */
  name: string;
  command: string;
}

/** The processes of this machine that have a text in their environment. */
export function processesWith(text: string): Process[] {
  return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      if (!fs.readFileSync(`/proc/${pid}/environ`, "latin1").includes(text)) return [];
      const read = (file: string) => fs.readFileSync(`/proc/${pid}/${file}`, "utf8");
      return [{ pid: Number(pid), name: read("comm").trim(), command: read("cmdline").replaceAll("\0", " ").trim().slice(0, 200) }];
    } catch {
      return [];
    }
  });
}
