import fs from "node:fs";
import type { StageName } from "./bootstrap/commands.mjs";
import { runStage, type StageOptions } from "./bootstrap/stage.mjs";
import { readContext } from "./stages/context.js";
import { javaStage } from "./stages/java.js";
import { jupyterLabStage } from "./stages/jupyterLab.js";
import { kafkaStage } from "./stages/kafka.js";
import { kernelStage } from "./stages/kernel.js";

/**
 * Makes the named stages ready, each only if it is not.
 * @throws SetupError that says what failed, why, and what to do
 */
export async function prepare(names: StageName[], options: StageOptions): Promise<void> {
  const context = readContext();
  fs.mkdirSync(context.state, { recursive: true, mode: 0o700 });
  const jupyterLab = jupyterLabStage(context);
  if (names.includes("jupyterlab")) await runStage(jupyterLab, options);
  if (names.includes("kernel")) await runStage(kernelStage(context), options);
  if (names.includes("java")) {
    const java = javaStage(context);
    // The Java of PyPI lives in the virtual environment.
    if (!(await java.ready())) await runStage(jupyterLab, { announce: false });
    await runStage(java, options);
  }
  if (names.includes("kafka")) await runStage(kafkaStage(context), options);
}
