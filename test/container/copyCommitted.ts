import fs from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";

/** Copies what is committed, as a fresh clone would have it. Says so where there is more than that. */
export async function copyCommitted(folder: string): Promise<void> {
  const git = (args: string[]) => execa("git", args, { cwd: repositoryRoot, stdin: "ignore" });
  const { stdout: changes } = await git(["status", "--porcelain"]);
  if (changes !== "") console.log(`  not committed, so not in the image:\n${changes}`);
  fs.mkdirSync(folder, { recursive: true });
  const archive = path.join(folder, "..", "committed.tar");
  await git(["archive", "--output", archive, "HEAD"]);
  await execa("tar", ["-C", folder, "-xf", archive]);
  fs.rmSync(archive);
}
