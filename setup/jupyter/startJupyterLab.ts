import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { findDaemon, type RunningDaemon } from "kafka-llm-chat/internal/daemon/findDaemon.js";
import { logTail } from "kafka-llm-chat/internal/daemon/logFile.js";
import { isPortBound, portHolder } from "kafka-llm-chat/internal/daemon/port.js";
import { startDaemon } from "kafka-llm-chat/internal/daemon/startDaemon.js";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { kafkaPids } from "kafka-llm-chat/internal/kafka/findKafka.js";
import { isRunning, processStart } from "../bootstrap/process.mjs";
import { SetupError } from "../bootstrap/stage.mjs";
import type { Context } from "../stages/context.js";
import { endProcesses, processesNaming } from "../endProcesses.js";
import { configureJupyter, jupyterEnvironment } from "./configureJupyter.js";
import { findServer } from "./findServer.js";

export interface RunningJupyterLab {
  /** With the token, at the first notebook. */
  url: string;
  /** True when it ran before: its starter was killed. */
  reused: boolean;
  /** Process of the `npm start` that has it and still runs; undefined when that is this one. */
  ownedBy: number | undefined;
  logFile: string;
  logTail(): Promise<string>;
  /** Processes of the local brokers, and their ZooKeepers, that ran before JupyterLab was started. */
  kafkaBefore: number[];
  /** Fulfilled when the server has ended, whatever the reason. */
  ended: Promise<"ended">;
  /** Ends kernels, then the server; by force after 20 s. Idempotent. */
  stop(): Promise<void>;
  /** Ends all at once. Idempotent. */
  kill(): Promise<void>;
}

export interface StartOptions {
  /** Default: 8888, or the next free one. */
  port: number | undefined;
  /** Of this machine; `0.0.0.0` for all of them. */
  address: string;
  /** Whether Jupyter opens a browser; it does not where there is no display. */
  browser: boolean;
  signal: AbortSignal;
}

const NAME = "jupyterlab";
/** A page of Colab may send requests with the token, and see the answers. */
const COLAB = ["--ServerApp.allow_origin=https://colab.research.google.com", "--ServerApp.allow_credentials=True"];
/** Milliseconds until the server answers; 2 s is usual, the first time after the installation takes longer. */
const READY_LIMIT = 90_000;

/**
 * Starts JupyterLab on the notebooks, or finds the one that runs; behind a token. With the setting COLAB, Google Colab's
 * pages may use it too.
 * @throws SetupError when the port is taken, Error when it does not get ready (with its log's last lines)
 */
export async function startJupyterLab(context: Context, { port, address, browser, signal }: StartOptions): Promise<RunningJupyterLab> {
  const { state, root, venv, settings: { jupyter: { token = "", colab } } } = context;
  const folders = configureJupyter(context);
  const installed = hashOf(path.join(venv.folder, ".kafka-llm-chat-installed"));
  const before = await findDaemon({ name: NAME, stateDirectory: state });
  // One that an older installation has started would miss files by now.
  if (before !== undefined && before.details["installed"] !== installed) await before.stop();
  const reused = (await findDaemon({ name: NAME, stateDirectory: state })) !== undefined;
  if (!reused) {
    await endKernels(folders.runtime);
    if (port !== undefined) await checkPort(port);
  }
  const notebooks = path.join(root, "notebooks");
  const own = { owner: process.pid, ownerStarted: processStart(process.pid) ?? "" };
  const daemon = await startDaemon({
    name: NAME,
    stateDirectory: state,
    command: venv.python,
    args: ["-m", "jupyterlab", ...flags({ notebooks, port, address, colab, browser: browser && hasDisplay() })],
    cwd: notebooks,
    env: { ...jupyterEnvironment(folders), JUPYTER_TOKEN: token },
    details: { installed, ...own, kafkaBefore: (await kafkaPids(state)).join(" ") },
    ready: async (waiting) => (await findServer(folders.runtime, waiting)) !== undefined,
    readyTimeoutMs: READY_LIMIT,
    signal,
  });
  const ownedBy = ownerOf(daemon);
  if (ownedBy === undefined) await daemon.note(own);
  const server = await findServer(folders.runtime, signal);
  if (server === undefined) throw new Error(`JupyterLab (process ${daemon.pid}) runs but does not answer. End it and try again.`);
  const sweep = () => endKernels(folders.runtime);
  return {
    url: `${server.url}${landingPage(notebooks)}?token=${encodeURIComponent(server.token)}`,
    reused, ownedBy,
    logFile: daemon.logFile,
    logTail: () => logTail(daemon.logFile),
    kafkaBefore: String(daemon.details["kafkaBefore"]).split(" ").map(Number),
    ended: untilEnded(daemon),
    stop: () => daemon.stop().then(sweep),
    kill: async () => {
      await (await findDaemon({ name: NAME, stateDirectory: state, stopTimeoutMs: 0 }))?.stop();
      await sweep();
    },
  };
}

/** Process of another `npm start` that has it, and still runs. */
function ownerOf({ details: { owner, ownerStarted } }: RunningDaemon): number | undefined {
  return typeof owner === "number" && owner !== process.pid && isRunning(owner, String(ownerStarted)) ? owner : undefined;
}

/** However long that takes: waitUntil has a limit, so it is asked again. */
async function untilEnded(daemon: RunningDaemon): Promise<"ended"> {
  const ended = async () => !(await daemon.isRunning());
  const day = { description: "JupyterLab not ended", timeoutMs: 86_400_000, intervalMs: 1_000 };
  while (!(await waitUntil(ended, day).catch(() => false)));
  return "ended";
}

/** Kernels whose server was killed notice nothing of it. They name their connection file in the runtime folder. */
async function endKernels(runtime: string): Promise<void> {
  await endProcesses(processesNaming(path.join(runtime, "kernel-")));
}

function flags({ notebooks, port, address, browser, colab }: Omit<StartOptions, "signal"> & { notebooks: string; colab: boolean }): string[] {
  return [
    `--ServerApp.ip=${address}`,
    `--ServerApp.port=${port ?? 8888}`,
    `--ServerApp.port_retries=${port === undefined ? 100 : 0}`,
    `--ServerApp.root_dir=${notebooks}`,
    `--LabApp.default_url=/${landingPage(notebooks)}`,
    `--ServerApp.open_browser=${browser ? "True" : "False"}`,
    ...(colab ? COLAB : []),
    // Jupyter refuses to run as root otherwise, and in a container one often is.
    ...(process.getuid?.() === 0 ? ["--allow-root"] : []),
  ];
}

/** The first notebook, or the list of files while there is none. */
function landingPage(notebooks: string): string {
  const first = fs.readdirSync(notebooks).filter((name) => name.endsWith(".ipynb")).sort()[0];
  return first === undefined ? "lab" : `lab/tree/${encodeURIComponent(first)}`;
}

function hasDisplay(): boolean {
  return process.platform === "darwin" || Boolean(process.env["DISPLAY"] ?? process.env["WAYLAND_DISPLAY"]);
}

function hashOf(file: string): string {
  return createHash("sha256").update(fs.readFileSync(file)).digest("hex");
}

async function checkPort(port: number): Promise<void> {
  if (!(await isPortBound(port))) return;
  throw new SetupError(`Port ${port} is in use by ${await portHolder(port)}.\n  What to do: stop that, give another --port, or none: then the next free one from 8888 is taken.`);
}
