import fs from "node:fs";
import path from "node:path";
import { randomUUID } from "node:crypto";
import { execa } from "execa";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import type { BuildOptions, Container, ContainerTool, Image, ImageConfig, StartOptions } from "./ContainerTool.js";
import { networkArguments } from "./networkArguments.js";
import { debianBase } from "./debianBase.js";
import { probe } from "./probe.js";
import { runBuild } from "./runBuild.js";
import { type Process, processesWith } from "./processesWith.js";

/** Milliseconds, as `docker stop` has them. */
const STOP_LIMIT = 10_000;
const IMAGE = "localhost/kafka-llm-chat";

/**
 * buildah, with all its files in one folder: nothing of it is left when the folder is removed. Containers are processes of this
 * machine, in a root directory and a network of their own, which leads nowhere; so other programs may use the ports.
 */
export function buildahTool(folder: string): ContainerTool {
  const flags = ["--root", path.join(folder, "storage"), "--runroot", path.join(folder, "run")];
  fs.mkdirSync(path.join(folder, "tmp"), { recursive: true });
  // vfs copies where others mount: slower, but it works everywhere, and there is nothing to be unmounted.
  const env = { STORAGE_DRIVER: process.env["STORAGE_DRIVER"] ?? "vfs", TMPDIR: path.join(folder, "tmp") };
  const buildah = (args: string[]) => execa("buildah", [...flags, ...args], { env, stdin: "ignore", all: true });

  async function importDebian(): Promise<string> {
    const { stdout: container } = await buildah(["from", "scratch"]);
    await buildah(["add", "--quiet", container, await debianBase(folder), "/"]);
    await buildah(["commit", "--quiet", "--rm", container, "localhost/debian"]);
    return "localhost/debian";
  }

  return {
    async build({ context, dockerfile, base = "debian", log }: BuildOptions): Promise<Image> {
      const from = base === "debian" ? await importDebian() : base;
      // --format docker: the other one knows no health check.
      const args = ["bud", "--isolation", "chroot", "--format", "docker", "--build-arg", `BASE_IMAGE=${from}`, ...networkArguments(), "--tag", IMAGE, "--file", dockerfile, context];
      await runBuild("buildah", [...flags, ...args], { env, log });
      const { stdout: text } = await buildah(["inspect", "--type", "image", IMAGE]);
      const { stdout: bytes } = await buildah(["images", "--format", "{{.Size}}", IMAGE]);
      const config = (JSON.parse(text) as { Docker: { config: ImageConfig } }).Docker.config;
      await buildah(["from", "--name", "one", IMAGE]);
      return { config, bytes: Number(bytes), start: (options) => start(config, options) };
    },
    async remove() {
      await buildah(["rm", "--all"]);
      await buildah(["rmi", "--all", "--force"]);
    },
  };

  async function start(config: ImageConfig, { command = config.Cmd, env: own = {}, user, volume }: StartOptions): Promise<Container> {
    const mark = randomUUID();
    const state = path.join(folder, "volumes", volume);
    makeVolume(state, config);
    const run = [
      "run", "--isolation", "chroot", "--volume", `${state}:/state`, ...(user === undefined ? [] : ["--user", user]),
      // Without a process namespace tini is not process 1, to which orphans go by themselves.
      ...Object.entries({ ...own, TEST_CONTAINER: mark, TINI_SUBREAPER: "1" }).flatMap(([name, value]) => ["--env", `${name}=${value}`]), "one", "--",
    ];
    const child = execa("unshare", ["--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", "buildah", ...flags, ...run, ...config.Entrypoint, ...command], { env, stdin: "ignore", all: true, reject: false });
    let output = "";
    child.all.on("data", (text: Buffer) => (output += text.toString()));
    let running = true;
    const ended = child.then(({ exitCode = -1 }) => {
      running = false;
      return exitCode;
    });
    const processes = () => processesWith(mark);
    const first = () => waitUntil(() => processes().find(({ name }) => name === "tini") ?? !running, { description: "The container's first process not there", timeoutMs: 60_000 }) as Promise<Process | true>;
    const within = async () => {
      const process = await first();
      if (process === true) throw new Error(`The container has ended:\n${output}`);
      return ["nsenter", `--net=/proc/${process.pid}/ns/net`, "--"];
    };
    return {
      ended,
      output: () => output,
      left: () => processes().map(({ pid, command }) => `${pid} ${command}`),
      get: async (target, headers) => probe(`http://127.0.0.1:8888${target}`, headers, await within()),
      async exec(program) {
        const [nsenter = "", ...args] = await within();
        const result = await execa(nsenter, [...args, "buildah", ...flags, ...run, ...program], { env, stdin: "ignore", all: true, reject: false });
        return { code: result.exitCode ?? -1, output: result.all };
      },
      async stop() {
        const begun = performance.now();
        const process_ = await first();
        if (process_ !== true) process.kill(process_.pid, "SIGTERM");
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
