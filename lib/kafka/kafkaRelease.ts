import { readFile } from "node:fs/promises";

export type KafkaMode = "kraft" | "zookeeper";

/** One jar of Maven Central. */
export interface Jar {
  /** `groupId:artifactId:version`. */
  coordinates: string;
  bytes: number;
  /** SHA-512, in hexadecimal. */
  sha512: string;
}

/** A Kafka and everything that it needs beside Java. */
export interface KafkaRelease {
  version: string;
  jars: Jar[];
}

/** ZooKeeper mode ended with 3.9. */
const LISTS: Record<KafkaMode, string> = { kraft: "kafka-4.json", zookeeper: "kafka-3.9.json" };

/** The release that a mode runs on, from the committed lists: what `mvn dependency:list` says of kafka_2.13 and a logging binding. */
export async function kafkaRelease(mode: KafkaMode): Promise<KafkaRelease> {
  // This file runs as lib/dist/kafka/kafkaRelease.js; the lists lie beside its source.
  const list = new URL(`../../kafka/${LISTS[mode]}`, import.meta.url);
  return JSON.parse(await readFile(list, "utf8")) as KafkaRelease;
}

/** The file of a jar, as Maven names it. */
export function jarFile({ coordinates }: Jar): string {
  const [, artifact, version] = coordinates.split(":");
  return `${artifact ?? ""}-${version ?? ""}.jar`;
}
