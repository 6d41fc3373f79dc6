import path from "node:path";
import { execa } from "execa";
import { freePort } from "kafka-llm-chat/internal/daemon/port.js";
import type { BuildOptions, Container, ContainerTool, Image, ImageConfig, StartOptions } from "./ContainerTool.js";
import { networkArguments } from "./networkArguments.js";
import { debianBase } from "./debianBase.js";
import { probe } from "./probe.js";
import { runBuild } from "./runBuild.js";

/** Docker, or Podman, which takes the same commands. What it makes has a name of this run's own. */
export function dockerTool(program: "docker" | "podman", folder: string): ContainerTool {
  const run = `kafka-llm-chat-test-${path.basename(path.dirname(folder))}`;
  const volumes = new Set<string>();
  const containers: string[] = [];
  const images = new Set<string>();
  const docker = (args: string[]) => execa(program, args, { stdin: "ignore", all: true });

  async function importDebian(): Promise<string> {
    await docker(["import", await debianBase(folder), `${run}-debian`]);
    images.add(`${run}-debian`);
    return `${run}-debian`;
  }

  return {
    async build({ context, dockerfile, base, log }: BuildOptions): Promise<Image> {
      const from = base === "debian" ? await importDebian() : base;
      const args = [
        "build", ...(program === "podman" ? ["--format=docker", "--layers=false"] : ["--progress=plain"]), ...(from === undefined ? [] : ["--build-arg", `BASE_IMAGE=${from}`]),
        ...networkArguments(), "--tag", run, "--file", dockerfile, context,
      ];
      images.add(run);
      await runBuild(program, args, { env: { DOCKER_BUILDKIT: "1" }, log });
      const { stdout } = await docker(["image", "inspect", run]);
      const [{ Config, Healthcheck, Size }] = JSON.parse(stdout) as [{ Config: ImageConfig; Healthcheck?: ImageConfig["Healthcheck"]; Size: number }];
      const config = { ...Config, Healthcheck: Config.Healthcheck ?? Healthcheck };
      return { config, size: `${(Size / 1e9).toFixed(2)} GB`, start };
    },
    async remove() {
      for (const name of containers) await docker(["rm", "--force", name]).catch(() => undefined);
      for (const name of volumes) await docker(["volume", "rm", "--force", name]).catch(() => undefined);
      for (const name of images) await docker(["image", "rm", "--force", name]).catch(() => undefined);
    },
  };

  async function start({ command = [], env = {}, user, volume, network = false }: StartOptions): Promise<Container> {
    const name = `${run}-${containers.length}`;
    containers.push(name);
    volumes.add(`${run}-${volume}`);
    const port = await freePort();
    const args = [
      "run", "--rm", "--name", name, "--volume", `${run}-${volume}:/state`, ...(user === undefined ? [] : ["--user", user]),
      ...(network ? ["--publish", `127.0.0.1:${port}:8888`] : ["--network", "none"]), ...Object.entries(env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
    ];
    const child = execa(program, [...args, run, ...command], { stdin: "ignore", all: true, reject: false });
    let output = "";
    child.all.on("data", (text: Buffer) => (output += text.toString()));
    const ended = child.then(({ exitCode = -1 }) => exitCode);
    return {
      ended,
      output: () => output,
      left: () => [],
      get: (target, headers) => probe(`http://127.0.0.1:${port}${target}`, headers),
      async exec(command_) {
        const result = await execa(program, ["exec", name, ...command_], { stdin: "ignore", all: true, reject: false });
        return { code: result.exitCode ?? -1, output: result.all };
      },
      async stop() {
        const begun = performance.now();
        await docker(["stop", name]);
        return { code: await ended, seconds: (performance.now() - begun) / 1_000 };
      },
    };
  }
}
