import path from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Answer } from "./ContainerTool.js";

const PROGRAM = path.join(path.dirname(fileURLToPath(import.meta.url)), "probeProgram.js");

/**
 * One GET request.
 * @param within a program, and its arguments, which runs another one in some network
 */
export async function probe(url: string, headers: Record<string, string> = {}, within: string[] = []): Promise<Answer> {
  const [program = "", ...args] = [...within, process.execPath, PROGRAM, url, JSON.stringify(headers)];
  const { stdout } = await execa(program, args, { stdin: "ignore", timeout: 60_000 });
  return JSON.parse(stdout) as Answer;
}
