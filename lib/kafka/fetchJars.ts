import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { OnProgress } from "../progress.js";
import { downloadVerified, PART } from "./downloadVerified.js";
import { jarFile, type Jar, type KafkaRelease } from "./kafkaRelease.js";

export interface FetchJarsOptions {
  /** `<jarsDirectory>/<version>/libs` holds the jars. */
  jarsDirectory: string;
  /** MAVEN_MIRROR: base address that serves Maven Central's layout. Default: Maven Central. */
  mavenMirror?: string | undefined;
  onProgress?: OnProgress | undefined;
  signal?: AbortSignal | undefined;
}

/** Transfers at a time: more do not make a slow line faster. */
const PARALLEL = 8;

/**
 * The folder with the release's jars, downloading those that it lacks. Each is checked against the committed SHA-512.
 * A second call only reads a marker. Several processes may fetch at once: each writes under names of its own.
 * @throws Error that names the file, the reason and the next step; finished files stay for the next call.
 */
export async function fetchJars(release: KafkaRelease, options: FetchJarsOptions): Promise<string> {
  const folder = path.join(options.jarsDirectory, release.version);
  const libs = path.join(folder, "libs");
  const marker = path.join(folder, "complete");
  const digest = createHash("sha512").update(JSON.stringify(release)).digest("hex");
  const present = new Set(await readdir(libs).catch((): string[] => []));
  const complete = release.jars.every((jar) => present.has(jarFile(jar)));
  if (complete && (await readFile(marker, "utf8").catch(() => "")) === digest) return libs;

  await mkdir(libs, { recursive: true });
  await removeLeftovers(libs, present);
  await fetchAll(release, libs, options);
  const draft = `${marker}.${randomUUID()}`;
  await writeFile(draft, digest);
  await rename(draft, marker);
  return libs;
}

async function fetchAll(release: KafkaRelease, libs: string, { mavenMirror, onProgress, signal }: FetchJarsOptions): Promise<void> {
  const failed = new AbortController();
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const total = release.jars.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    onProgress?.({ what: `Kafka ${release.version}`, done, total, unit: "bytes" });
  };
  const queue = [...release.jars];
  const worker = async () => {
    for (let jar = queue.shift(); jar !== undefined; jar = queue.shift()) {
      stop.throwIfAborted();
      const url = await addressOf(jar, mavenMirror);
      await downloadVerified({ url, file: path.join(libs, jarFile(jar)), bytes: jar.bytes, sha512: jar.sha512, onBytes, signal: stop });
    }
  };
  const workers = Array.from({ length: PARALLEL }, () => worker().catch((error: unknown) => {
    failed.abort(error);
    throw error;
  }));
  await Promise.allSettled(workers);
  stop.throwIfAborted();
}

/** The package knows where Maven Central is. It is loaded only here: it brings much that a second start does not need. */
async function addressOf({ coordinates }: Jar, mirror: string | undefined): Promise<string> {
  const { default: artifactUrl } = await import("mvn-artifact-url");
  const [groupId = "", artifactId = "", version = ""] = coordinates.split(":");
  const base = mirror === undefined || mirror.endsWith("/") ? mirror : `${mirror}/`;
  return await artifactUrl.default({ groupId, artifactId, version }, base);
}

/** Removes the unfinished files of processes that have ended. */
async function removeLeftovers(libs: string, present: Set<string>): Promise<void> {
  for (const name of present) {
    const pid = PART.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(path.join(libs, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
