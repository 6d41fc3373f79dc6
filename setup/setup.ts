import { parseArgs } from "node:util";
import { SetupError } from "./bootstrap/stage.mjs";
import { prepare } from "./prepare.js";
import { registerKernel } from "./stages/registerKernel.js";
import { readContext } from "./stages/context.js";

const HELP = `npm run setup [-- --python PATH]

Installs what the other commands need and this machine lacks: node packages, JupyterLab and the tslab kernel in a
virtual environment under .state/, a Java 17 or newer if there is none, and Kafka. What is there is left alone.

  --python PATH   make the tslab kernel known to a JupyterLab of your own instead: the Python (or the folder of the
                  environment) in which it is installed
  --help          this text`;

/**
 * `npm run setup`.
 * @returns the exit code
 */
export async function main(argv: string[]): Promise<number> {
  const { values } = parse(argv);
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  if (values.python === undefined) {
    await prepare(["jupyterlab", "kernel", "java", "kafka"], { announce: true });
    return 0;
  }
  await prepare(["java", "kafka"], { announce: true });
  console.log(registerKernel(values.python, readContext().root));
  return 0;
}

function parse(argv: string[]) {
  try {
    return parseArgs({ args: argv, options: { python: { type: "string" }, help: { type: "boolean" } } });
  } catch (error) {
    throw new SetupError(`${(error as Error).message}\n\n${HELP}`);
  }
}
