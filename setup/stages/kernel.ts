import fs from "node:fs";
import path from "node:path";
import { withLock } from "../bootstrap/lock.mjs";
import type { Stage } from "../bootstrap/stage.mjs";
import type { Context } from "./context.js";

/** The tslab kernel, known to the JupyterLab of the virtual environment. */
export function kernelStage({ root, state, venv }: Context): Stage {
  const file = kernelFile(venv.folder);
  return {
    name: "kernel",
    doing: "tslab",
    ready: () => fs.existsSync(file) && fs.readFileSync(file, "utf8") === kernelSpec(root),
    locked: (work) => withLock(state, work),
    work: async () => void writeKernelSpec(venv.folder, root),
  };
}

/**
 * Makes the kernel known to the Jupyter of a Python environment.
 * @param prefix Python's sys.prefix
 * @returns the file written
 */
export function writeKernelSpec(prefix: string, root: string): string {
  const file = kernelFile(prefix);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, kernelSpec(root));
  return file;
}

function kernelFile(prefix: string): string {
  return path.join(prefix, "share", "jupyter", "kernels", "tslab", "kernel.json");
}

/** What Node.js 22 would write into the output of a cell, on stderr: of require() that loads an ES module, as every cell does. */
const UNWANTED_WARNING = "ExperimentalWarning";

/** As `tslab install` writes it, with absolute paths: Jupyter need not find node and tslab on PATH. */
function kernelSpec(root: string): string {
  const tslab = path.join(root, "setup", "jupyter", "tslab.mjs");
  const argv = [process.execPath, `--disable-warning=${UNWANTED_WARNING}`, tslab, "kernel", "--config-path", "{connection_file}"];
  return `${JSON.stringify({ argv, display_name: "TypeScript", language: "typescript" }, null, 2)}\n`;
}
