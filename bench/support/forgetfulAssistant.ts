import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Stoppable } from "./Bench.js";

/** Starts an assistant that remembers nothing, in a process of its own; with `profile`, a CPU profile of it is written to that folder. */
export async function forgetfulAssistant(env: NodeJS.ProcessEnv, profile?: string): Promise<Stoppable> {
  const execArgv = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const child = fork(fileURLToPath(new URL("assistantProgram.js", import.meta.url)), { env, execArgv, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const ended = once(child, "exit");
  await Promise.race([once(child, "message"), ended.then(([code]) => Promise.reject(new Error(`The assistant did not start: exit code ${String(code)}`)))]);
  return {
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
