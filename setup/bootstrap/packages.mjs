// @ts-check
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { needDisk } from "./disk.mjs";
import { withLock } from "./lock.mjs";
import { runLogged } from "./run-logged.mjs";
import { runStage } from "./stage.mjs";

/** node_modules weighs 1.1 GB, npm's cache of it about as much again when it is empty (measured on Linux x64). */
const DISK = 2.0e9;

/**
 * The stage "node packages": `npm ci`, unless node_modules is what package-lock.json says.
 * @param {string} root the repository
 * @param {import("./stage.mjs").StageOptions} options
 */
export async function nodePackages(root, options) {
  const lockfile = fs.readFileSync(path.join(root, "package-lock.json"), "utf8");
  const wanted = packagesStamp(lockfile);
  const stamp = stampFile(root);
  const total = Object.keys(JSON.parse(lockfile).packages).length;
  if (!isStamped(stamp, wanted) && npmSaysInstalled(root, lockfile)) fs.writeFileSync(stamp, wanted);
  await runStage(
    {
      name: "node packages",
      doing: `npm ci, ${total} packages`,
      ready: () => isStamped(stamp, wanted),
      locked: (work) => withLock(path.join(root, ".state"), work),
      work: async (update) => {
        needDisk(root, DISK, "Node packages");
        // An install that is interrupted, even while it removes the old packages, must leave no sign of being complete.
        for (const sign of [stamp, npmList(root)]) fs.rmSync(sign, { force: true });
        let fetched = 0;
        const npm = npmCommand(process.env);
        await runLogged([...npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=http"], {
          cwd: root,
          log: path.join(root, ".state", "log", "node-packages.log"),
          onLine: (line) => {
            if (/\bhttp (fetch|cache)\b/.test(line)) update(`npm ci: ${++fetched} of at most ${total} packages fetched`);
          },
        });
        fs.writeFileSync(stamp, wanted);
      },
    },
    options,
  );
}

/** In node_modules, so that both are removed together. @param {string} root */
export function stampFile(root) {
  return path.join(root, "node_modules", ".kafka-llm-chat-installed");
}

/** Some packages are binaries for one platform; all use Node-API, so that Node's own version does not matter.
 * @param {string} lockfile */
export function packagesStamp(lockfile) {
  return `${createHash("sha256").update(lockfile).digest("hex")} ${process.platform}-${process.arch}\n`;
}

/** @param {string} stamp @param {string} wanted */
function isStamped(stamp, wanted) {
  return fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === wanted;
}

/** Whether somebody's own `npm install` has completed with what the lock file says: npm keeps a list of what it installed.
 * @param {string} root @param {string} lockfile */
function npmSaysInstalled(root, lockfile) {
  const list = npmList(root);
  if (!fs.existsSync(list)) return false;
  /** @type {Record<string, { integrity?: string }>} */
  const installed = JSON.parse(fs.readFileSync(list, "utf8")).packages;
  /** @type {[string, { integrity?: string, optional?: boolean }][]} */
  const wanted = Object.entries(JSON.parse(lockfile).packages);
  return wanted
    .filter(([folder, { integrity }]) => folder.startsWith("node_modules/") && integrity !== undefined)
    .every(([folder, { integrity, optional }]) => installed[folder]?.integrity === integrity || (optional && !installed[folder]));
}

/** npm's own list of what it installed. @param {string} root */
function npmList(root) {
  return path.join(root, "node_modules", ".package-lock.json");
}

/** The npm that started this program, under the Node that runs it; else the one on PATH.
 * @param {NodeJS.ProcessEnv} env */
function npmCommand(env) {
  const npm = env["npm_execpath"];
  return npm !== undefined && path.basename(npm) === "npm-cli.js" ? [process.execPath, npm] : ["npm"];
}
