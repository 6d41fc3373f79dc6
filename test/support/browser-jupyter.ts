import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { freePort } from "kafka-llm-chat/internal/daemon/port.js";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import type { NotebookState } from "./notebook-state.js";

/** `npm start`, and the address that it has printed. */
export interface StartedJupyterLab {
  url: string;
  /** All that it has printed. */
  output(): string;
  /** SIGTERM, as when a terminal's owner stops it. Resolves with the exit code. */
  stop(): Promise<number | null>;
}

export async function startJupyterLab(state: NotebookState): Promise<StartedJupyterLab> {
  // Nothing of the test may be saved into the committed notebook, and every cell must be in the page.
  writeSettings(state, "docmanager-extension/plugin", { autosave: false });
  writeSettings(state, "notebook-extension/tracker", { windowingMode: "none" });
  const port = await freePort();
  const child = spawn(process.execPath, ["setup/run.mjs", "start", "--no-browser", "--port", String(port)], { cwd: repositoryRoot, env: state.env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (output += text.toString()));
  const exited = once(child, "exit") as Promise<[number | null]>;
  const url = await waitUntil(() => {
    if (child.exitCode !== null) throw new Error(`npm start has ended with ${child.exitCode}:\n${output}`);
    return /http:\/\/\S+/.exec(output)?.[0];
  }, { description: "The address of JupyterLab not printed", timeoutMs: 120_000 });
  return {
    url,
    output: () => output,
    stop: async () => {
      child.kill("SIGTERM");
      return (await exited)[0];
    },
  };
}

function writeSettings({ folder }: NotebookState, plugin: string, settings: object): void {
  const file = path.join(folder, "jupyter", "config", "lab", "user-settings", "@jupyterlab", `${plugin}.jupyterlab-settings`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify(settings));
}
