import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** A fact of the embedded model, as `models/data/facts/*.md` has it. */
export interface Fact {
  id: string;
  /** The file it stands in: `persona` is small talk. */
  file: string;
  answer: string;
  /** A right answer has a word of each group. */
  keywords: string[][];
  /** What it was trained on. */
  questions: string[];
}

/** All facts, in the order of the files. */
export async function readFacts(folder: string): Promise<Fact[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".md")).sort();
  const facts = await Promise.all(files.map(async (name) => parse(await readFile(path.join(folder, name), "utf8"), path.basename(name, ".md"))));
  return facts.flat();
}

function parse(text: string, file: string): Fact[] {
  return text.split(/^## /m).slice(1).map((block) => {
    const [id = "", ...lines] = block.split("\n").map((line) => line.trimEnd()).filter((line) => line !== "");
    const keywords = lines.find((line) => line.startsWith("keywords: "))?.slice("keywords: ".length) ?? "";
    return {
      id, file,
      answer: lines.find((line) => !/^([a-z]+: |- )/.test(line)) ?? "",
      keywords: keywords.split(";").map((group) => group.split("|").map((word) => word.trim().toLowerCase())),
      questions: lines.filter((line) => line.startsWith("- ")).map((line) => line.slice(2)),
    };
  });
}
