import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, describe, test } from "node:test";
import { freePort } from "kafka-llm-chat/internal/daemon/port.js";
import { fetchJars } from "kafka-llm-chat/internal/kafka/fetchJars.js";
import { jarFile, kafkaRelease, type KafkaRelease } from "kafka-llm-chat/internal/kafka/kafkaRelease.js";
import { BREAK, CORRUPT, startMirror, status, TRUNCATE, type Mirror } from "./support/broker-mirror.js";
import { testFolder, testState } from "./support/broker-state.js";
import { withUntrustedServer } from "./support/untrustedServer.js";

const state = testState();

async function mirror(jars: number): Promise<Mirror> {
  const started = await startMirror(jars);
  after(() => started.close());
  return started;
}

async function assertComplete({ jars }: KafkaRelease, libs: string): Promise<void> {
  assert.deepEqual((await readdir(libs)).sort(), jars.map(jarFile).sort(), "all jars, and nothing unfinished");
  for (const jar of jars) {
    assert.equal(createHash("sha512").update(await readFile(path.join(libs, jarFile(jar)))).digest("hex"), jar.sha512);
  }
}

describe("Kafka's jars", { concurrency: 4 }, () => {
  test("are fetched once; a second call asks nobody", async () => {
    const { release, url, requests } = await mirror(20);
    const jarsDirectory = await testFolder(state);
    const seen: number[] = [];
    const libs = await fetchJars(release, { jarsDirectory, mavenMirror: url, onProgress: ({ what, done, total }) => {
      assert.deepEqual([what, total], ["Kafka 9.9.9", 2_000_000]);
      seen.push(done);
    } });
    await assertComplete(release, libs);
    assert.equal(seen.at(-1), 2_000_000);
    assert.equal(requests.length, 20);
    assert.equal(await fetchJars(release, { jarsDirectory, mavenMirror: url }), libs);
    assert.equal(requests.length, 20);
  });

  test("arrive whole although transfers break, end early, bring wrong bytes or a busy server's refusal", async () => {
    const { release, url, answers, requests } = await mirror(6);
    answers.set(0, [BREAK]).set(1, [TRUNCATE]).set(2, [CORRUPT]).set(3, [status(503), status(429)]).set(4, [BREAK, TRUNCATE, CORRUPT]);
    let done = 0;
    const libs = await fetchJars(release, { jarsDirectory: await testFolder(state), mavenMirror: `${url}/`, onProgress: (progress) => { done = progress.done; } });
    await assertComplete(release, libs);
    assert.equal(requests.length, 6 + 1 + 1 + 1 + 2 + 3);
    assert.equal(done, 600_000, "what came in vain is not counted");
  });

  test("with wrong bytes each time are an error that names file and checksums, and are never kept", async () => {
    const { release, url, answers } = await mirror(1);
    answers.set(0, [CORRUPT, CORRUPT, CORRUPT, CORRUPT]);
    const jarsDirectory = await testFolder(state);
    await assert.rejects(fetchJars(release, { jarsDirectory, mavenMirror: url }), ({ message }: Error) => {
      assert.match(message, /jar0-1\.0\.jar failed 4 times: wrong checksum: SHA-512 is [0-9a-f]{128}, expected [0-9a-f]{128}/);
      assert.ok(message.includes(release.jars[0]!.sha512));
      return true;
    });
    assert.deepEqual(await readdir(path.join(jarsDirectory, "9.9.9", "libs")), []);
  });

  test("that the mirror lacks are an error at once", async () => {
    const { release, url, answers, requests } = await mirror(1);
    answers.set(0, [status(404)]);
    await assert.rejects(fetchJars(release, { jarsDirectory: await testFolder(state), mavenMirror: url }), /failed: the server answers 404 .*MAVEN_MIRROR/);
    assert.equal(requests.length, 1);
  });

  test("without a network are an error with the next step", async () => {
    const { release } = await mirror(1);
    const mavenMirror = `http://127.0.0.1:${await freePort()}/maven/`;
    await assert.rejects(fetchJars(release, { jarsDirectory: await testFolder(state), mavenMirror }), /failed 4 times: no connection to 127\.0\.0\.1:\d+ \(connect ECONNREFUSED .*\)\. Check the network, the proxy \(HTTPS_PROXY\) or MAVEN_MIRROR/);
  });

  test("from a server whose certificate is not trusted are an error at once, with the next step", async () => {
    const { release } = await mirror(1);
    await withUntrustedServer(async (mavenMirror) => {
      await assert.rejects(fetchJars(release, { jarsDirectory: await testFolder(state), mavenMirror }), /jar0-1\.0\.jar failed: the certificate of 127\.0\.0\.1:\d+ is not trusted .*set NODE_EXTRA_CA_CERTS to the file/);
    });
  });

  test("that an interrupted run has finished are not fetched again", async () => {
    const { release, url, requests } = await mirror(40);
    const jarsDirectory = await testFolder(state);
    const interrupted = new AbortController();
    const finished = () => readdir(path.join(jarsDirectory, "9.9.9", "libs")).then((names) => names.filter((name) => name.endsWith(".jar")).length, () => 0);
    const first = fetchJars(release, { jarsDirectory, mavenMirror: url, signal: interrupted.signal, onProgress: ({ done }) => {
      if (done > 1_500_000) interrupted.abort(new Error("enough"));
    } });
    await assert.rejects(first, /^Error: enough$/);
    const [kept, asked] = [await finished(), requests.length];
    assert.ok(kept > 0 && kept < 40, `${kept} kept`);
    await assertComplete(release, await fetchJars(release, { jarsDirectory, mavenMirror: url }));
    assert.equal(requests.length - asked, 40 - kept);
  });

  test("that were damaged or half written by a killed process are fetched again", async () => {
    const { release, url, requests } = await mirror(3);
    const jarsDirectory = await testFolder(state);
    const libs = path.join(jarsDirectory, "9.9.9", "libs");
    await mkdir(libs, { recursive: true });
    await writeFile(path.join(libs, "jar1-1.1.jar"), "half");
    await writeFile(path.join(libs, `jar2-1.2.jar.${2 ** 22 + 1}-abc.part`), "half");
    assert.equal(await fetchJars(release, { jarsDirectory, mavenMirror: url }), libs);
    await assertComplete(release, libs);
    assert.equal(requests.length, 3);
  });

  test("may be fetched by several at once", async () => {
    const { release, url } = await mirror(10);
    const jarsDirectory = await testFolder(state);
    const [libs] = await Promise.all(Array.from({ length: 3 }, () => fetchJars(release, { jarsDirectory, mavenMirror: url })));
    await assertComplete(release, libs!);
  });

  test("are listed with checksums, Kafka itself and its logging among them", async () => {
    for (const [mode, kafka, logging] of [["kraft", /^org\.apache\.kafka:kafka_2\.13:4\./, /log4j-slf4j-impl/], ["zookeeper", /^org\.apache\.kafka:kafka_2\.13:3\.9\./, /slf4j-reload4j/]] as const) {
      const { jars } = await kafkaRelease(mode);
      const coordinates = jars.map((jar) => jar.coordinates);
      assert.ok(coordinates.some((one) => kafka.test(one)) && coordinates.some((one) => logging.test(one)));
      assert.ok(jars.every(({ sha512, bytes }) => /^[0-9a-f]{128}$/.test(sha512) && bytes > 0));
      assert.equal(new Set(jars.map(jarFile)).size, jars.length);
    }
  });
});
