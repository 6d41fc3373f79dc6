import path from "node:path";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { readSettings, type Settings } from "kafka-llm-chat/internal/settings.js";

/** What every stage needs to know. */
export interface Context {
  root: string;
  settings: Settings;
  /** Where everything goes that is installed outside node_modules. */
  state: string;
  venv: Venv;
}

/** The virtual environment, which may not exist yet. */
export interface Venv {
  folder: string;
  python: string;
}

export function readContext(): Context {
  const settings = readSettings();
  const folder = path.join(settings.stateDirectory, "venv");
  return { root: repositoryRoot, settings, state: settings.stateDirectory, venv: { folder, python: path.join(folder, "bin", "python") } };
}
