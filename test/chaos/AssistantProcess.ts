import path from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Settings } from "kafka-llm-chat";

const PROGRAM = path.join(path.dirname(fileURLToPath(import.meta.url)), "assistantProgram.js");

export interface AssistantProcessOptions {
  settings: Settings;
  pieceMs: number;
  sessionTimeoutMs: number;
  fenced: boolean;
  onLine: (line: string) => void;
}

/** An assistant in a process of its own, which a test kills, stops and continues. */
export class AssistantProcess {
  private readonly child;
  /** Resolves when it has ended, with why in words; never rejects. */
  readonly ended: Promise<string>;

  constructor({ settings, pieceMs, sessionTimeoutMs, fenced, onLine }: AssistantProcessOptions) {
    this.child = execa("node", [PROGRAM, String(pieceMs), String(sessionTimeoutMs), fenced ? "fenced" : "unfenced"], {
      env: { KAFKA_BROKERS: settings.cluster.brokers.join(","), CHAT_TOPIC: settings.chatTopic }, stdin: "ignore", reject: false, buffer: false, all: true,
    });
    // Not execa's own promise: that waits for the streams, too, and did not always resolve after SIGSTOP and SIGKILL.
    this.ended = new Promise((resolve) => this.child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`)));
    const lines = this.child.iterable({ from: "all" });
    void (async () => {
      for await (const line of lines) onLine(`${this.pid} ${line}`);
    })().catch(() => undefined);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  signal(name: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): void {
    this.child.kill(name);
  }

  /** Ends it, stopped or not. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended;
  }
}
