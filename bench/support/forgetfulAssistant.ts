import type { Stoppable } from "./Bench.js";
import { forkProgram } from "./forkProgram.js";

export interface ForgetfulAssistantOptions {
  env: NodeJS.ProcessEnv;
  /** `whole`: each reply in one piece, not streamed. `scripted`: a model that needs no processor time writes. Default: the model of the environment, streamed. */
  kind?: "streamed" | "whole" | "scripted";
  /** Name of a catalogue model whose sampling, threads and number of sequences the model of the environment gets. Default: those of its own. */
  like?: string;
  /** Folder that a CPU profile of it is written to when it stops. Default: none. */
  profile?: string | undefined;
}

/** Starts an assistant that remembers nothing, in a process of its own. */
export async function forgetfulAssistant({ env, kind = "streamed", like, profile }: ForgetfulAssistantOptions): Promise<Stoppable & { pid: number }> {
  const execArgv = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const { child, ended, message } = forkProgram("assistantProgram.js", like === undefined ? [kind] : [kind, like], { env, execArgv });
  await message;
  return {
    pid: child.pid as number,
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
