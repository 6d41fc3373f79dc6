import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { AssistantEvent } from "../chat/AssistantEvent.js";
import { type AssistantNews, DRAIN_LIMIT_MS } from "./assistant.js";

export interface StartAssistantProcessOptions {
  /** Its environment, with CHAT_TOPIC and the other settings. Default: this process's. */
  env?: NodeJS.ProcessEnv;
  /** Its name in the headers of its replies. Default: host, process id and a random part. */
  worker?: string;
  /** It writes at most so many tokens a second: a teaching aid. Default: as fast as the model can. */
  pace?: number;
  /**
   * Limit for getting ready, in milliseconds: it may have a large model to load. While that is being downloaded, the limit counts
   * from the last byte or new try. Default 300 000.
   */
  timeoutMs?: number;
  onEvent?: (event: AssistantEvent) => void;
}

/** Compiled, this file lies beside it. */
const PROGRAM = path.join(path.dirname(fileURLToPath(import.meta.url)), "assistantProgram.js");
/** Lines of its output that are told when it does not start. */
const TAIL_LINES = 15;
/** What leaving the group takes beyond the replies that are being written, in milliseconds. */
const LEAVE_LIMIT_MS = 10_000;

/**
 * Starts an assistant in a process of its own, as `npm run assistant` does in a terminal. Resolves when its first
 * partitions are taken over. It leaves the group when this process ends, however that ends.
 * @throws Error with the last lines of its output when it ends before that or is not ready in time; no process is left then.
 */
export async function startAssistantProcess({ env = process.env, worker, pace, timeoutMs = 300_000, onEvent }: StartAssistantProcessOptions = {}): Promise<AssistantProcess> {
  const args = [...(worker === undefined ? [] : ["--worker", worker]), ...(pace === undefined ? [] : ["--pace", String(pace)])];
  // Detached: an interrupt of the kernel, or Ctrl+C in a terminal, goes to all of a process group and is not meant for it.
  const child = fork(PROGRAM, args, { env, execArgv: [], detached: true, serialization: "advanced", stdio: ["ignore", "pipe", "pipe", "ipc"] });
  const assistant = new AssistantProcess(child, onEvent);
  try {
    await assistant.ready(timeoutMs);
    return assistant;
  } catch (error) {
    await assistant.kill();
    throw error;
  }
}

/** An assistant in a process of its own. */
export class AssistantProcess {
  private readonly tail: string[] = [];
  /** Resolves with how the process has ended, in words; never rejects. */
  private readonly ended: Promise<string>;
  private name: string | undefined;
  private owned: number[] = [];
  private stopping: Promise<void> | undefined;

  /** Use startAssistantProcess(). */
  constructor(private readonly child: ChildProcess, private readonly onEvent: (event: AssistantEvent) => void = () => undefined) {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", (line) => void (this.tail.push(line) > TAIL_LINES && this.tail.shift()));
    }
    this.ended = new Promise<string>((resolve) => {
      child.once("exit", (code, signal) => resolve(signal === null ? `it ended with exit code ${code}` : `it ended by ${signal}`));
      child.once("error", (error) => resolve(error.message));
    }).finally(() => (this.owned = []));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get worker(): string {
    return this.name ?? "";
  }

  /** The partitions that it answers now; none once it has ended. */
  get partitions(): number[] {
    return this.owned;
  }

  /** @internal */
  ready(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`The assistant did not start: ${why}. The last lines of its output:\n${this.tail.join("\n") || "(none)"}`));
      const limit = setTimeout(() => fail(`it was not ready after ${timeoutMs / 1000} s`), timeoutMs);
      void this.ended.then(fail).finally(() => clearTimeout(limit));
      this.child.on("message", (news: AssistantNews) => {
        if (news.type === "assigned") this.owned = news.partitions;
        if (news.type === "download" || news.type === "notice") return void limit.refresh();
        if (news.type !== "ready") return this.onEvent(news);
        clearTimeout(limit);
        this.name = news.worker;
        resolve();
      });
    });
  }

  /** Asks it to finish what it is writing, to commit, and to leave the group; resolves when it has ended. May be called more than once. */
  stop(): Promise<void> {
    return (this.stopping ??= (async () => {
      this.child.kill("SIGTERM");
      const limit = setTimeout(() => this.child.kill("SIGKILL"), DRAIN_LIMIT_MS + LEAVE_LIMIT_MS);
      await this.ended;
      clearTimeout(limit);
    })());
  }

  /** Ends it with SIGKILL: it finishes nothing and tells nobody. Resolves when it has ended. May be called more than once. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}
