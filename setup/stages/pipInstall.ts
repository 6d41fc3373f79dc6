import fs from "node:fs";
import { runLogged } from "../bootstrap/run-logged.mjs";
import type { Venv } from "./context.js";

export interface PipOptions {
  /** A list of exact versions and their hashes. */
  requirements: string;
  log: string;
  update: (detail: string) => void;
  /** What to do when it fails, beside what pip's own words tell. */
  advice?: string;
}

/**
 * Installs a list into a virtual environment. Where from, is the user's pip configuration.
 * @throws SetupError
 */
export async function pipInstall({ python }: Venv, { requirements, log, update, advice }: PipOptions): Promise<void> {
  const total = fs.readFileSync(requirements, "utf8").match(/^\S+==/gm)?.length ?? 0;
  let collected = 0;
  await runLogged(
    [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off", "--require-hashes", "-r", requirements],
    {
      cwd: "/",
      log,
      env: { ...pythonEnvironment, PIP_USER: "0" },
      ...(advice === undefined ? {} : { advice }),
      onLine: (line) => {
        if (line.startsWith("Collecting ")) update(`pip: ${++collected} of at most ${total} packages`);
        if (line.startsWith("Installing collected packages")) update(`pip: writing ${collected} packages`);
      },
    },
  );
}

/** The user's own Python settings must not reach into the virtual environment. An empty value counts as unset. */
export const pythonEnvironment = { PYTHONHOME: "", PYTHONPATH: "", PYTHONNOUSERSITE: "1" };
