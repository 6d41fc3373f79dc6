import path from "node:path";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";

/**
 * `npm run lint`: ESLint over everything; arguments go to it (`--fix`). Types were checked when this was compiled.
 * @returns ESLint's exit code
 */
export async function main(argv: string[]): Promise<number> {
  const eslint = path.join(repositoryRoot, "node_modules", "eslint", "bin", "eslint.js");
  const child = spawn(process.execPath, [eslint, ".", ...argv], { cwd: repositoryRoot, stdio: "inherit" });
  const [code] = (await once(child, "close")) as [number | null];
  if (code === 0) console.log("lint: no problems");
  return code ?? 1;
}
