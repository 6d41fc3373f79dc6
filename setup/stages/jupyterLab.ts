import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { needDisk } from "../bootstrap/disk.mjs";
import { withLock } from "../bootstrap/lock.mjs";
import { runLogged } from "../bootstrap/run-logged.mjs";
import type { Stage } from "../bootstrap/stage.mjs";
import type { Context } from "./context.js";
import { findPython } from "./findPython.js";
import { pipInstall } from "./pipInstall.js";

/** 240 MB in the virtual environment, and pip's cache (measured on Linux x64). */
const DISK = 0.5e9;

/** The virtual environment with JupyterLab, made with the user's Python. */
export function jupyterLabStage({ root, state, venv }: Context): Stage {
  const requirements = path.join(root, "setup", "requirements.txt");
  const stamp = path.join(venv.folder, ".kafka-llm-chat-installed");
  return {
    name: "JupyterLab",
    doing: "virtual environment",
    ready: () => fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === stampText(venv.python, requirements),
    locked: (work) => withLock(state, work),
    work: async (update) => {
      const python = findPython();
      needDisk(state, DISK, "JupyterLab");
      const log = path.join(state, "log", "jupyterlab-install.log");
      // --clear: what an interrupted install left is not to be trusted. pip's cache keeps the downloads.
      await runLogged([python.executable, "-I", "-m", "venv", "--clear", venv.folder], { cwd: state, log });
      await pipInstall(venv, { requirements, log, update });
      // JupyterLab runs a yarn.js of its own, which is CommonJS; our package.json would make it a module.
      fs.writeFileSync(path.join(venv.folder, "package.json"), '{ "type": "commonjs" }\n');
      fs.writeFileSync(stamp, stampText(venv.python, requirements));
    },
  };
}

/** What is installed, and for which Python: that of the system may be upgraded under the virtual environment. */
function stampText(python: string, requirements: string): string {
  if (!fs.existsSync(python)) return "no Python";
  return `${createHash("sha256").update(fs.readFileSync(requirements)).digest("hex")} ${fs.realpathSync(python)}\n`;
}
