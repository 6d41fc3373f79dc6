import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { SetupError } from "../bootstrap/stage.mjs";
import { writeKernelSpec } from "./kernel.js";

const PROBE = `
import sys
import jupyter_client
try:
    import jupyterlab
    name = "JupyterLab " + jupyterlab.__version__
except ImportError:
    name = "Jupyter (jupyter_client " + jupyter_client.__version__ + ")"
print(sys.prefix)
print(name)
`;

/**
 * Makes the kernel known to a Jupyter that the user already has.
 * @param python its Python, or the folder of its environment
 * @returns what was done, in words
 * @throws SetupError when there is no such Python, it has no Jupyter, or its folder may not be written
 */
export function registerKernel(python: string, root: string): string {
  const program = fs.existsSync(path.join(python, "bin", "python")) ? path.join(python, "bin", "python") : python;
  const { status, stdout, stderr, error } = spawnSync(program, ["-c", PROBE], { encoding: "utf8", timeout: 60_000 });
  if (error !== undefined) {
    throw new SetupError(`--python ${python}: this is not a Python that runs (${error.message}).\n  What to do: give the path of the python program in the environment of your JupyterLab.`);
  }
  const [prefix = "", jupyter = ""] = stdout.trim().split("\n");
  if (status !== 0 || prefix === "") {
    const reason = stderr.trimEnd().split("\n").at(-1) ?? "";
    throw new SetupError(`--python ${python}: Jupyter is not installed in it (${reason}).\n  What to do: install it there (${program} -m pip install jupyterlab), or use the one that npm start brings.`);
  }
  try {
    const file = writeKernelSpec(prefix, root);
    return [`${jupyter} of ${prefix} has the kernel "TypeScript" now: ${file}`, `It runs ${process.execPath} and this folder's tslab: run the command again when either moves.`].join("\n");
  } catch (failure) {
    throw new SetupError(`${(failure as Error).message}\n  What to do: run it as a user who may write to ${prefix}, or use a virtual environment of your own.`);
  }
}
