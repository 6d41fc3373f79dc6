import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { catalogue, freePort, readSettings, stopKafka } from "kafka-llm-chat";
import { gigabytes, memoryNeeded } from "kafka-llm-chat/internal/model/memoryNeeded.js";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";

const readme = await readFile(path.join(repositoryRoot, "README.md"), "utf8");

test("the program in the README runs as it stands", { timeout: 120_000 }, async () => {
  const program = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? "";
  const { stateDirectory } = readSettings();
  const own = path.join(stateDirectory, "test", randomUUID());
  const port = await freePort();
  await mkdir(own, { recursive: true });
  // The jars that are there already; all else of its own.
  await symlink(path.join(stateDirectory, "kafka"), path.join(own, "kafka"));
  try {
    await writeFile(path.join(own, "program.mjs"), program);
    const { stdout } = await execa("node", [path.join(own, "program.mjs")], {
      env: { KAFKA_BROKERS: "", KAFKA_PORT: String(port), KAFKA_LLM_CHAT_STATE: own }, stdin: "ignore",
    });
    assert.match(stdout, /named log of records[^]*\npartition \d, offset \d+$/);
  } finally {
    await stopKafka({ port, stateDirectory: own });
    await rm(own, { recursive: true, force: true });
  }
});

test("the README names files that are there", async () => {
  for (const [, target] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
    await assert.doesNotReject(readFile(path.join(repositoryRoot, target as string)), `README.md points to ${target}`);
  }
});

test("the README lists the models as the catalogue has them", () => {
  const rows = catalogue.map((entry) => {
    const { name, title, sizeBytes = 0, licence, contextSize, sequences } = entry;
    const size = sizeBytes < 1e9 ? `${Math.round(sizeBytes / 1e6)} MB` : gigabytes(sizeBytes);
    return `| \`${name}\` | ${title} | ${size} | ${licence} | ${gigabytes(memoryNeeded(sizeBytes, entry))} | ${contextSize.toLocaleString("en")} tokens | ${sequences} |`;
  });
  const [, section = ""] = /\n## Models\n(.*?)\n## /s.exec(readme) ?? [];
  assert.deepEqual(section.split("\n").filter((line) => line.startsWith("| `")), rows);
});
