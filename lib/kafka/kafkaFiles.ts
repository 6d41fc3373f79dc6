import { readdir } from "node:fs/promises";
import path from "node:path";
import type { Settings } from "../settings.js";
import { fetchJars, type FetchJarsOptions } from "./fetchJars.js";
import { kafkaRelease, type KafkaMode } from "./kafkaRelease.js";

/** A Kafka that can be started. */
export interface KafkaFiles {
  version: string;
  /** Folder with its jars. */
  libs: string;
  /** The logging library that its jars bring. */
  logging: "log4j2" | "reload4j";
}

/**
 * The Kafka to run: KAFKA_HOME's if that is set, else the committed release of the mode, downloaded where it is missing.
 * @throws Error if KAFKA_HOME holds no Kafka, or one that has no such mode.
 */
export async function kafkaFiles(
  mode: KafkaMode,
  { kafkaHome, mavenMirror }: Pick<Settings, "kafkaHome" | "mavenMirror">,
  options: Omit<FetchJarsOptions, "mavenMirror">,
): Promise<KafkaFiles> {
  if (kafkaHome !== undefined) return await ownKafka(mode, kafkaHome);
  const release = await kafkaRelease(mode);
  const libs = await fetchJars(release, { ...options, mavenMirror });
  return { version: release.version, libs, logging: mode === "kraft" ? "log4j2" : "reload4j" };
}

async function ownKafka(mode: KafkaMode, home: string): Promise<KafkaFiles> {
  const libs = path.resolve(home, "libs");
  const names = await readdir(libs).catch((): string[] => []);
  const version = names.map((name) => /^kafka_2\.\d+-(\d+\.\d+\.\d+)\.jar$/.exec(name)?.[1]).find((found) => found !== undefined);
  if (version === undefined) {
    throw new Error(`KAFKA_HOME is ${home}, but ${libs} holds no kafka_2.13-*.jar. Set it to the folder of an unpacked Kafka, or unset it.`);
  }
  if (mode === "zookeeper" && !names.some((name) => name.startsWith("zookeeper-"))) {
    throw new Error(`KAFKA_HOME is ${home}, Kafka ${version}, which has no ZooKeeper mode: it ended with 3.9. Unset KAFKA_HOME or use KRaft mode.`);
  }
  return { version, libs, logging: names.some((name) => name.startsWith("log4j-core")) ? "log4j2" : "reload4j" };
}
