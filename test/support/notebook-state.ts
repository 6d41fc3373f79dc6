import { randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { freePort } from "kafka-llm-chat/internal/daemon/port.js";

/** A state folder of a test's own, in which notebooks run: they start a broker there. */
export interface NotebookState {
  folder: string;
  /** Settings that lead there, and nothing of the user's. */
  env: NodeJS.ProcessEnv;
  remove(): void;
}

/** What the set-up has installed once for all. */
const SHARED = ["venv", "kafka", "models"];

export async function notebookState(): Promise<NotebookState> {
  const folder = path.join(repositoryRoot, ".state", "test", randomUUID());
  fs.mkdirSync(path.join(folder, "tmp"), { recursive: true });
  for (const name of SHARED) {
    const target = path.join(repositoryRoot, ".state", name);
    if (fs.existsSync(target)) fs.symlinkSync(target, path.join(folder, name));
  }
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(KAFKA_|CHAT_|HF_|LLAMA_|JUPYTER)/.test(name)));
  return {
    folder,
    env: { ...inherited, KAFKA_LLM_CHAT_STATE: folder, KAFKA_PORT: String(await freePort()), TMPDIR: path.join(folder, "tmp") },
    remove: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}

/** Processes that have the folder in their command line or, on Linux, in their environment; not this one. */
export function processesIn(folder: string): string[] {
  if (process.platform !== "linux") return [];
  return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid).flatMap((pid) => {
    try {
      const command = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return command !== "" && (command + fs.readFileSync(`/proc/${pid}/environ`, "utf8")).includes(folder) ? [`${pid} ${command.slice(0, 200)}`] : [];
    } catch {
      return [];
    }
  });
}
