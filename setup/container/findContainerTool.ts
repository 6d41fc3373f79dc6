import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { runLogged } from "../bootstrap/run-logged.mjs";
import { SetupError } from "../bootstrap/stage.mjs";
import type { Context } from "../stages/context.js";

/** What builds images and runs containers here. */
export type ContainerToolName = "docker" | "podman" | "buildah";

const NAMES: ContainerToolName[] = ["docker", "podman", "buildah"];

/** What buildah's way takes, and the Debian packages that bring it. */
const PROGRAMS = { buildah: "buildah", debootstrap: "debootstrap", ip: "iproute2", unshare: "util-linux", nsenter: "util-linux", git: "git" };

/**
 * Docker or Podman where one answers, else buildah, which needs no daemon. In CI, as root on Debian, what buildah's way lacks is
 * installed; nowhere else is anything.
 * @param wanted only this one
 * @throws SetupError that tells what was looked for, what is missing, and how to install it
 */
export async function findContainerTool({ state }: Context, wanted?: string): Promise<ContainerToolName> {
  const silent = [dockerProblem("docker", ["version", "--format", "{{.Server.Version}}"]), dockerProblem("podman", ["info"])];
  if (wanted !== undefined && !NAMES.some((name) => name === wanted)) throw new SetupError(`CONTAINER_TOOL is "${wanted}", but it is one of ${NAMES.join(", ")}`);
  const may = (name: ContainerToolName) => wanted === undefined || wanted === name;
  if (may("docker") && silent[0] === undefined) return "docker";
  if (may("podman") && silent[1] === undefined) return "podman";
  let missing = missingPackages();
  if (may("buildah") && missing.length > 0 && process.env["CI"] === "true" && isRoot() && hasProgram("apt-get")) {
    await aptInstall(missing, path.join(state, "log", "container-packages.log"));
    missing = missingPackages();
  }
  if (may("buildah") && missing.length === 0 && isRoot()) return "buildah";
  throw new SetupError([
    wanted === undefined ? "An image can be built here neither by Docker, nor by Podman, nor by buildah:" : `An image cannot be built here by ${wanted}, as CONTAINER_TOOL says. What there is:`,
    ...silent.map((problem, index) => `  ${problem ?? `${NAMES[index] ?? ""}: answers`}`),
    `  buildah: ${[...(missing.length > 0 ? [`the packages ${missing.join(", ")} are not installed`] : []), ...(isRoot() ? [] : ["it needs root here"])].join(", and ") || "can be used"}`,
    `  What to do: start Docker${missing.length > 0 ? `, or install what is missing (Debian and Ubuntu: sudo apt install ${missing.join(" ")})` : ""}, ${isRoot() ? "" : "or become root (sudo -E), "}then run the command again.`,
  ].join("\n"));
}

/** @returns undefined when it answers */
function dockerProblem(program: string, args: string[]): string | undefined {
  if (!hasProgram(program)) return `${program}: not installed`;
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: 30_000 });
  return status === 0 ? undefined : `${program}: ${stderr?.trim().split("\n").at(-1) ?? "no answer within 30 s"}`;
}

function missingPackages(): string[] {
  return [...new Set(Object.entries(PROGRAMS).filter(([program]) => !hasProgram(program)).map(([, name]) => name))];
}

async function aptInstall(packages: string[], log: string): Promise<void> {
  const options = { cwd: "/", log, env: { DEBIAN_FRONTEND: "noninteractive" } };
  await runLogged(["apt-get", "update"], options);
  await runLogged(["apt-get", "install", "-y", "--no-install-recommends", ...packages], options);
}

function hasProgram(name: string): boolean {
  return (process.env["PATH"] ?? "").split(path.delimiter).some((folder) => fs.existsSync(path.join(folder, name)));
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
