// @ts-check
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { withLock } from "./lock.mjs";
import { stampFile } from "./packages.mjs";
import { runLogged } from "./run-logged.mjs";
import { runStage } from "./stage.mjs";

/**
 * The stage "compile": `tsc -b` of the projects whose sources have changed since it last succeeded.
 * @param {string} root the repository
 * @param {string[]} projects folders with a tsconfig.json; one that does not exist is left out
 * @param {import("./stage.mjs").StageOptions} options
 */
export async function compile(root, projects, options) {
  const known = projects.filter((project) => fs.existsSync(path.join(root, project, "tsconfig.json")));
  const stale = () => known.filter((project) => !isFresh(root, project));
  await runStage(
    {
      name: "compile",
      doing: "tsc -b",
      ready: () => stale().length === 0,
      locked: (work) => withLock(path.join(root, ".state"), work),
      work: async () => {
        const hashes = stale().map((project) => ({ project, hash: sourcesHash(root, project) }));
        const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
        await runLogged([process.execPath, tsc, "-b", ...hashes.map(({ project }) => project)], {
          cwd: root,
          log: path.join(root, ".state", "log", "compile.log"),
        });
        for (const { project, hash } of hashes) fs.writeFileSync(stampOf(root, project), hash);
      },
    },
    options,
  );
}

/** Beside the compiled files, so that both are removed together. @param {string} root @param {string} project */
function stampOf(root, project) {
  const output = project === "lib" ? path.join(root, "lib", "dist") : path.join(root, ".state", "build", project);
  return path.join(output, ".compiled");
}

/** @param {string} root @param {string} project */
function isFresh(root, project) {
  const stamp = stampOf(root, project);
  return fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === sourcesHash(root, project);
}

/** Of everything that decides the result: sources, settings, installed packages, and lib, which all import.
 * @param {string} root @param {string} project */
function sourcesHash(root, project) {
  const hash = createHash("sha256");
  const folders = project === "lib" ? ["lib"] : ["lib", project];
  const files = [stampFile(root), path.join(root, "package.json"), path.join(root, "tsconfig.json"), ...folders.flatMap((folder) => sources(path.join(root, folder)))];
  for (const file of files) hash.update(`${path.relative(root, file)}\0`).update(fs.readFileSync(file)).update("\0");
  return hash.digest("hex");
}

/** @param {string} folder @returns {string[]} */
function sources(folder) {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) return ["node_modules", "dist"].includes(entry.name) ? [] : sources(full);
      return /\.(ts|mts|mjs|json)$/.test(entry.name) ? [full] : [];
    });
}
