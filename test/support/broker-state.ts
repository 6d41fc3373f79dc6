import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { after } from "node:test";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";

/** A state directory for one test file, removed at its end. */
export function testState(): string {
  const directory = path.join(repositoryRoot, ".state", "test", randomUUID());
  after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** An empty folder in it. */
export async function testFolder(state: string): Promise<string> {
  const folder = path.join(state, randomUUID().slice(0, 8));
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Where `npm run setup` puts Kafka's jars: tests share them. */
export const jarsDirectory = path.join(repositoryRoot, ".state", "kafka");
