import { spawn } from "node:child_process";
import { once } from "node:events";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { Screen } from "./Screen.js";
import { basePython } from "./setup-machine.js";

/** A program that runs in a terminal of its own, at whose keyboard the test sits. */
export interface TerminalProgram {
  type(keys: string): void;
  /** Waits for a text on the screen. */
  shows(text: string | RegExp, seconds?: number): Promise<void>;
  /** The rows of the screen. */
  rows(): string[];
  /** Its exit code, when it has ended. */
  ended: Promise<number | null>;
  kill(): void;
}

/** Python's pty: a terminal whose other end is this program's standard input and output. */
const PTY = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

export function startInTerminal(command: string[], { env, columns = 60 }: { env: NodeJS.ProcessEnv; columns?: number }): TerminalProgram {
  const size = `stty cols ${columns} rows 24; exec "$@"`;
  const child = spawn(basePython(), ["-c", PTY, "sh", "-c", size, "sh", ...command], { env: { ...env, TERM: "xterm" }, stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  const rows = (): string[] => new Screen(columns).write(output).rows;
  const shows = async (text: string | RegExp, seconds = 30): Promise<void> => {
    const shown = (): boolean => (typeof text === "string" ? rows().join("\n").includes(text) : text.test(rows().join("\n")));
    await waitUntil(shown, { description: "", timeoutMs: seconds * 1_000 }).catch(() => {
      throw new Error(`The terminal did not show ${String(text)} within ${seconds} s, but:\n${rows().join("\n")}`);
    });
  };
  return {
    type: (keys) => void child.stdin.write(keys), shows, rows,
    ended: once(child, "exit").then(([code]) => code as number | null), kill: () => void child.kill("SIGKILL"),
  };
}
