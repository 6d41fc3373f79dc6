import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";

export interface ProgramRun {
  code: number;
  output: string;
}

/** Runs `main(argv)` of a compiled module of setup/. */
export function runSetupModule(module: string, argv: string[], env: NodeJS.ProcessEnv): { ended: Promise<ProgramRun>; kill(signal: NodeJS.Signals): void } {
  const url = pathToFileURL(path.join(repositoryRoot, ".state", "build", "setup", module)).href;
  const code = `const { main } = await import(${JSON.stringify(url)}); const code = await main(process.argv.slice(1)); process.exit(code);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code, "--", ...argv], { env, cwd: repositoryRoot, stdio: ["ignore", "pipe", "pipe"] });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]).then(([output, errors]) => ({ code: child.exitCode ?? -1, output: output + errors }));
  return { ended, kill: (signal) => void child.kill(signal) };
}

/** Writes a notebook with one code cell after each piece of prose. */
export function plantNotebook(file: string, cells: { source: string; outputs?: unknown[]; tags?: string[]; execution_count?: number }[]): string {
  const title = { cell_type: "markdown", id: "title", metadata: {}, source: ["# Planted"] };
  const code = cells.flatMap(({ source, outputs = [], tags, execution_count = null }: { source: string; outputs?: unknown[]; tags?: string[]; execution_count?: number | null }, index) => [
    { cell_type: "markdown", id: `prose-${index}`, metadata: {}, source: ["A claim."] },
    { cell_type: "code", id: `code-${index}`, metadata: tags === undefined ? {} : { tags }, source: [source], outputs, execution_count },
  ]);
  const metadata = { kernelspec: { display_name: "TypeScript", language: "typescript", name: "tslab" } };
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify({ cells: [title, ...code], metadata, nbformat: 4, nbformat_minor: 5 }));
  return file;
}
