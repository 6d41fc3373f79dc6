import fs from "node:fs";
import path from "node:path";
import { randomUUID } from "node:crypto";
import { execa } from "execa";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import type { BuildOptions, Container, ContainerTool, Image, ImageConfig, StartOptions } from "./ContainerTool.js";
import { debianBase } from "./debianBase.js";
import { networkArguments } from "./networkArguments.js";
import { ownNamespaces } from "./ownNamespaces.js";
import { probe } from "./probe.js";
import { processesWith } from "./processesWith.js";
import { runBuild } from "./runBuild.js";

/** Milliseconds, as `docker stop` has them. */
const STOP_LIMIT = 10_000;
const IMAGE = "localhost/kafka-llm-chat";

/**
 * buildah, with all its files in one folder, and mounts and a network of its own: nothing of it is left when the folder is
 * removed, and its containers may use any port. They are processes of this machine, seen like all others.
 */
export async function buildahTool(folder: string): Promise<ContainerTool> {
  const namespaces = await ownNamespaces(folder);
  const flags = ["--root", path.join(folder, "storage"), "--runroot", path.join(folder, "run")];
  fs.mkdirSync(path.join(folder, "tmp"), { recursive: true });
  const options = { env: { TMPDIR: path.join(folder, "tmp") }, stdin: "ignore", all: true } as const;
  const buildah = ([nsenter = "", ...args]: string[], command: string[]) => execa(nsenter, [...args, "buildah", ...flags, ...command], { ...options, reject: false });

  async function tell(command: string[]): Promise<string> {
    const { failed, stdout, all } = await buildah(namespaces.mounts, command);
    if (failed) throw new Error(`buildah ${command.join(" ")} failed:\n${all}`);
    return stdout;
  }

  async function importDebian(): Promise<string> {
    const container = await tell(["from", "scratch"]);
    await tell(["add", "--quiet", container, await debianBase(folder), "/"]);
    await tell(["commit", "--quiet", "--rm", container, "localhost/debian"]);
    return "localhost/debian";
  }

  return {
    async build({ context, dockerfile, base = "debian", log }: BuildOptions): Promise<Image> {
      const from = base === "debian" ? await importDebian() : base;
      const [nsenter = "", ...within] = namespaces.mounts;
      // --format docker: the other one knows no health check.
      const bud = ["bud", "--isolation", "chroot", "--format", "docker", "--build-arg", `BASE_IMAGE=${from}`, ...networkArguments(), "--tag", IMAGE, "--file", dockerfile, context];
      await runBuild(nsenter, [...within, "buildah", ...flags, ...bud], { env: options.env, log });
      const { Docker } = JSON.parse(await tell(["inspect", "--type", "image", IMAGE])) as { Docker: { config: ImageConfig } };
      const size = await tell(["images", "--format", "{{.Size}}", IMAGE]);
      await tell(["from", "--name", "one", IMAGE]);
      return { config: Docker.config, size, start: (settings) => start(Docker.config, settings) };
    },
    async remove() {
      await tell(["rm", "--all"]);
      await tell(["rmi", "--all", "--force"]);
      await namespaces.end();
    },
  };

  async function start(config: ImageConfig, { command = config.Cmd, env = {}, user, volume }: StartOptions): Promise<Container> {
    const mark = randomUUID();
    const state = path.join(folder, "volumes", volume);
    makeVolume(state, config);
    const run = [
      "run", "--isolation", "chroot", "--volume", `${state}:/state`, ...(user === undefined ? [] : ["--user", user]),
      // Without a process namespace tini is not process 1, to which orphans go by themselves.
      ...Object.entries({ ...env, TEST_CONTAINER: mark, TINI_SUBREAPER: "1" }).flatMap(([name, value]) => ["--env", `${name}=${value}`]), "one", "--",
    ];
    const child = buildah(namespaces.mountsAndNetwork, [...run, ...config.Entrypoint, ...command]);
    let output = "";
    child.all.on("data", (text: Buffer) => (output += text.toString()));
    let running = true;
    const ended = child.then(({ exitCode = -1 }) => {
      running = false;
      return exitCode;
    });
    const processes = () => processesWith(mark);
    return {
      ended,
      output: () => output,
      left: () => processes().map(({ pid, command }) => `${pid} ${command}`),
      get: (target, headers) => probe(`http://127.0.0.1:8888${target}`, headers, namespaces.mountsAndNetwork),
      async exec(program) {
        const { exitCode = -1, all } = await buildah(namespaces.mountsAndNetwork, [...run, ...program]);
        return { code: exitCode, output: all };
      },
      async stop() {
        const first = await waitUntil(() => processes().find(({ name }) => name === "tini") ?? !running, { description: "The container's first process not there", timeoutMs: 60_000 });
        const begun = performance.now();
        if (first !== true) process.kill(first.pid, "SIGTERM");
        const late = setTimeout(() => processes().forEach(({ pid }) => process.kill(pid, "SIGKILL")), STOP_LIMIT);
        const code = await ended;
        clearTimeout(late);
        return { code, seconds: (performance.now() - begun) / 1_000 };
      },
    };
  }
}

/** For the image's user; one that is there stays as it is. */
function makeVolume(folder: string, { User }: ImageConfig): void {
  if (fs.existsSync(folder)) return;
  const [uid = 0, gid = 0] = User.split(":").map(Number);
  fs.mkdirSync(folder, { recursive: true });
  fs.chownSync(folder, uid, gid);
}
