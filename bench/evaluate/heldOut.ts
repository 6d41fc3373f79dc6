import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

export type SlotName = "name" | "city" | "colour" | "number";

/** What `models/data/held-out/` holds; its FORMAT.md explains the files. */
export interface HeldOut {
  questions: { facts: string[]; question: string }[];
  suggested: { facts: string[]; question: string }[];
  declines: { question: string }[];
  recall: { slot: SlotName; value: string }[];
  /** Questions and declines that are not among the above, since somebody else put the same words into the training data. */
  leftOut: number;
}

/** Reads the folder `held-out` of models/data, without what the rest of it teaches. */
export async function readHeldOut(data: string): Promise<HeldOut> {
  const folder = path.join(data, "held-out");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".jsonl")).sort();
  const read = async <Line>(wanted: RegExp): Promise<Line[]> => {
    const texts = await Promise.all(names.filter((name) => wanted.test(name)).map((name) => readFile(path.join(folder, name), "utf8")));
    return texts.flatMap((text) => text.split("\n").filter((line) => line.trim() !== "").map((line) => JSON.parse(line) as Line));
  };
  const taught = await readTaught(data);
  const unseen = ({ question }: { question: string }): boolean => !taught.has(plain(question));
  const [questions, declines] = [await read<HeldOut["questions"][number]>(/^questions/), await read<HeldOut["declines"][number]>(/^declines/)];
  const kept = { questions: questions.filter(unseen), declines: declines.filter(unseen) };
  const leftOut = questions.length - kept.questions.length + declines.length - kept.declines.length;
  return { ...kept, leftOut, suggested: await read(/^suggested/), recall: await read(/^recall/) };
}

/** All questions of the training data, without case and punctuation. */
async function readTaught(data: string): Promise<Set<string>> {
  const lists = ["out-of-domain.txt", "near-misses.txt"].map((name) => path.join(data, name));
  const files = await Promise.all(["facts", "more-questions", "other-questions"].map(async (folder) =>
    (await readdir(path.join(data, folder))).filter((name) => name.endsWith(".md")).map((name) => path.join(data, folder, name))));
  const lines = async (file: string): Promise<string[]> => (await readFile(file, "utf8")).split("\n");
  const declined = (await Promise.all(lists.map(lines))).flat();
  const asked = (await Promise.all(files.flat().map(lines))).flat().filter((line) => line.startsWith("- "));
  return new Set([...declined, ...asked].map(plain));
}

/** As `plain()` of models/data/check.py has it. */
function plain(question: string): string {
  return (question.toLowerCase().match(/[a-z0-9._-]*[a-z0-9]/g) ?? []).join(" ");
}
