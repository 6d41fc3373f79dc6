import { readContext } from "../stages/context.js";
import { jupyterFolders } from "./configureJupyter.js";
import { findServer } from "./findServer.js";

/**
 * `node .state/build/setup/jupyter/health.js`: whether JupyterLab answers, for a container's health check.
 * @returns the exit code
 */
async function main(): Promise<number> {
  const { runtime } = jupyterFolders(readContext());
  const server = await findServer(runtime, AbortSignal.timeout(8_000)).catch(() => undefined);
  console.log(server === undefined ? "JupyterLab does not answer" : "JupyterLab answers");
  return server === undefined ? 1 : 0;
}

process.exitCode = await main();
