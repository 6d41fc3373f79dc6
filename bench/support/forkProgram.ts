import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface Program<Message> {
  child: ChildProcess;
  /** Resolves when it has ended, however. */
  ended: Promise<unknown>;
  /** The first message that it sends; an error where it ends before. */
  message: Promise<Message>;
}

/** Starts a program of this folder as a process of its own, with a channel for messages. */
export function forkProgram<Message>(name: string, args: string[], options: { env?: NodeJS.ProcessEnv; execArgv?: string[] } = {}): Program<Message> {
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), args, { ...options, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const ended = once(child, "exit");
  const early = ended.then(([code]): never => {
    throw new Error(`${name} ended with exit code ${String(code)} before it was ready`);
  });
  return { child, ended, message: Promise.race([once(child, "message").then(([message]) => message as Message), early]) };
}
