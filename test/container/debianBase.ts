import fs from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";

const RELEASE = "bookworm";

/**
 * A Debian without anything in it that a base need not have, as a tar file: made by debootstrap, which needs root, and kept.
 * @param folder for what lies there only meanwhile
 */
export async function debianBase(folder: string): Promise<string> {
  const file = path.join(repositoryRoot, ".state", "container", `debian-${RELEASE}.tar`);
  if (fs.existsSync(file)) return file;
  const [tree, part] = [path.join(folder, "debian"), path.join(folder, "debian.tar")];
  await execa("debootstrap", ["--variant=minbase", RELEASE, tree], { stdin: "ignore", all: true });
  await execa("tar", ["-C", tree, "-cf", part, "."]);
  fs.rmSync(tree, { recursive: true });
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.renameSync(part, file);
  return file;
}
