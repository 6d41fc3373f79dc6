import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

export type SlotName = "name" | "city" | "colour" | "number";

/** What `models/data/held-out/` holds; its FORMAT.md explains the files. */
export interface HeldOut {
  questions: { facts: string[]; question: string }[];
  suggested: { facts: string[]; question: string }[];
  declines: { question: string }[];
  recall: { slot: SlotName; value: string }[];
}

export async function readHeldOut(folder: string): Promise<HeldOut> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".jsonl")).sort();
  const read = async <Line>(wanted: RegExp): Promise<Line[]> => {
    const texts = await Promise.all(names.filter((name) => wanted.test(name)).map((name) => readFile(path.join(folder, name), "utf8")));
    return texts.flatMap((text) => text.split("\n").filter((line) => line.trim() !== "").map((line) => JSON.parse(line) as Line));
  };
  return { questions: await read(/^questions/), suggested: await read(/^suggested/), declines: await read(/^declines/), recall: await read(/^recall/) };
}
