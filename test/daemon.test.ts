import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir, truncate, writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { describe, test } from "node:test";
import { findDaemon, type RunningDaemon } from "kafka-llm-chat/internal/daemon/findDaemon.js";
import { freePort, isPortBound, portHolder } from "kafka-llm-chat/internal/daemon/port.js";
import { isRunning, processIdentity } from "kafka-llm-chat/internal/daemon/processIdentity.js";
import { startDaemon, type StartDaemonOptions } from "kafka-llm-chat/internal/daemon/startDaemon.js";
import { stopProcess } from "kafka-llm-chat/internal/daemon/stopProcess.js";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { withLock } from "kafka-llm-chat/internal/daemon/withLock.js";
import { kafkaPids, stopUnkept } from "kafka-llm-chat/internal/kafka/findKafka.js";
import { runStarter, spawnStarter } from "./support/broker-program.js";
import { testFolder, testState } from "./support/broker-state.js";

const state = testState();
const IDLE = "console.log('begun'); setInterval(() => {}, 60_000);";
const STUBBORN = `process.on('SIGTERM', () => console.log('not yet')); ${IDLE}`;

/** A daemon that does nothing, in a state directory of its own. */
async function idle(changes: Partial<StartDaemonOptions> & { code?: string } = {}): Promise<StartDaemonOptions> {
  const { code = IDLE, ...rest } = changes;
  const stateDirectory = rest.stateDirectory ?? (await testFolder(state));
  const begun = async () => (await readFile(path.join(stateDirectory, "log", "idle.log"), "utf8")).includes("begun");
  return { name: "idle", stateDirectory, command: process.execPath, args: ["-e", code], ready: begun, ...rest };
}

const alive = async (pid: number) => (await processIdentity(pid)) !== undefined;
const gone = (pid: number) => waitUntil(async () => !(await alive(pid)), { description: `Process ${pid} not gone`, timeoutMs: 5_000 });
const runFiles = (stateDirectory: string) => readdir(path.join(stateDirectory, "run"));

describe("a daemon", { concurrency: 2 }, () => {
  test("is started once and stopped once, however often that is asked for", async () => {
    const options = await idle({ port: 1234, details: { color: "green" } });
    const first = await startDaemon(options);
    const again = await startDaemon(options);
    assert.equal(again.pid, first.pid);
    const found = await findDaemon(options);
    assert.deepEqual([found?.pid, found?.port, found?.details, found?.ready], [first.pid, 1234, { color: "green" }, true]);
    await Promise.all([first.stop(), again.stop(), found?.stop()]);
    await first.stop();
    assert.equal(await alive(first.pid), false);
    assert.equal(await findDaemon(options), undefined);
    assert.deepEqual(await runFiles(options.stateDirectory), []);
  });

  test("is the same one for two processes that start it at once", async () => {
    const stateDirectory = await testFolder(state);
    const task = { kind: "daemon", name: "idle", stateDirectory, code: IDLE } as const;
    const pids = await Promise.all([runStarter(task), runStarter(task)]);
    const found = await findDaemon(task);
    assert.deepEqual(pids, [found?.pid, found?.pid]);
    await found?.stop();
  });

  test("outlives its starter, also one that Ctrl+C ends", async () => {
    const stateDirectory = await testFolder(state);
    const starter = spawnStarter({ kind: "daemon", name: "idle", stateDirectory, code: IDLE, stay: true });
    const [output] = (await once(starter.stdout!, "data")) as [Buffer];
    process.kill(-starter.pid!, "SIGINT");
    await once(starter, "exit");
    const found = await findDaemon({ name: "idle", stateDirectory });
    assert.equal(found?.pid, Number(output.toString()));
    await found?.stop();
  });

  test("whose starter was killed in mid-start is waited for by the next", async () => {
    const options = await idle();
    const half = await spawnHalf(options.stateDirectory, "idle");
    const daemon = await startDaemon(options);
    assert.deepEqual([daemon.pid, daemon.ready], [half, true]);
    await daemon.stop();
  });

  test("whose pid file is damaged is still found, and started anew", async () => {
    const options = await idle();
    const first = await startDaemon(options);
    await truncate(path.join(options.stateDirectory, "run", "idle.json"), 20);
    assert.equal((await findDaemon(options))?.pid, first.pid);
    const second = await startDaemon(options);
    assert.notEqual(second.pid, first.pid);
    assert.equal(await alive(first.pid), false);
    await second.stop();
  });

  test("is never mistaken for another program that has its pid now", async () => {
    const options = await idle();
    const daemon = await startDaemon(options);
    await daemon.stop();
    const bystander = spawn(process.execPath, ["-e", IDLE], { stdio: "ignore", detached: true });
    await once(bystander, "spawn");
    const record = { name: "idle", pid: bystander.pid, startTime: "another boot/1", command: ["node"], startedAt: "", ready: true, details: {} };
    await writeFile(path.join(options.stateDirectory, "run", "idle.json"), JSON.stringify(record));
    assert.equal(await findDaemon(options), undefined);
    const next = await startDaemon(options);
    assert.notEqual(next.pid, bystander.pid);
    await next.stop();
    assert.equal(await alive(bystander.pid!), true);
    bystander.kill();
    await once(bystander, "exit");
  });

  test("that ends at once is an error with the reason, the log's last lines and its path", async () => {
    const code = "for (let i = 1; i <= 40; i++) console.error('line ' + i); process.exit(7);";
    const options = await idle({ code, ready: () => false });
    await assert.rejects(startDaemon(options), ({ message }: Error) => {
      assert.match(message, /^idle did not start: it ended with exit code 7\./);
      assert.match(message, /line 26\n.*line 40$/s);
      assert.doesNotMatch(message, /line 25\n/);
      assert.ok(message.includes(path.join(options.stateDirectory, "log", "idle.log")));
      return true;
    });
    assert.deepEqual(await runFiles(options.stateDirectory), []);
  });

  test("whose program is missing is an error that names it", async () => {
    await assert.rejects(startDaemon(await idle({ command: "no-such-program" })), /no-such-program.*not found/s);
  });

  test("that does not get ready in time is stopped", async () => {
    const options = await idle({ ready: () => false, readyTimeoutMs: 500 });
    const start = startDaemon(options);
    const half = await waitUntil(() => findDaemon(options), { description: "No daemon begun", timeoutMs: 20_000, intervalMs: 5 });
    await assert.rejects(start, /idle did not start: idle not ready after 500ms/);
    assert.equal(await half.isRunning(), false);
  });

  test("is stopped when the start is aborted", async () => {
    const aborted = new AbortController();
    const options = await idle({ ready: () => false, signal: aborted.signal });
    const start = startDaemon(options);
    const half = await waitUntil(() => findDaemon(options), { description: "No daemon begun", timeoutMs: 20_000, intervalMs: 5 });
    aborted.abort(new Error("enough"));
    await assert.rejects(start, /^Error: enough$/);
    assert.equal(await half.isRunning(), false);
  });

  test("that does not mind SIGTERM is killed after the grace period", async () => {
    const daemon = await startDaemon(await idle({ code: STUBBORN, stopTimeoutMs: 300 }));
    await daemon.stop();
    assert.equal(await alive(daemon.pid), false);
    assert.match(await readFile(daemon.logFile, "utf8"), /not yet/);
  });

  test("that was killed is started again, and its last log is kept", async () => {
    const options = await idle();
    const first = await startDaemon(options);
    process.kill(first.pid, "SIGKILL");
    await gone(first.pid);
    const second = await startDaemon({ ...options, args: ["-e", `console.log('second'); ${IDLE}`] });
    assert.match(await readFile(second.logFile, "utf8"), /second/);
    assert.equal(await readFile(second.logFile.replace(".log", ".previous.log"), "utf8"), "begun\n");
    await first.stop();
    assert.equal(await second.isRunning(), true, "the stop of the first must not touch its successor");
    await second.stop();
  });
});

describe("waiting", () => {
  test("ends with what has not happened and the limit", async () => {
    await assert.rejects(waitUntil(() => false, { description: "Port 9092 not bound", timeoutMs: 60 }), /^Error: Port 9092 not bound after 60ms$/);
  });

  test("ends at the limit even if the condition hangs", async () => {
    await assert.rejects(waitUntil(() => new Promise<boolean>(() => undefined), { description: "Nothing", timeoutMs: 60 }), /Nothing after 60ms/);
  });

  test("gives what the condition gave", async () => {
    let looks = 0;
    assert.equal(await waitUntil(() => (++looks < 3 ? undefined : "ready"), { description: "Nothing", timeoutMs: 5_000, intervalMs: 1 }), "ready");
  });
});

test("brokers that nobody has kept are stopped, on whatever port and however far they came; others are left alone", async () => {
  const stateDirectory = await testFolder(state);
  // What runs in them does not matter.
  const begun = async (name: string): Promise<RunningDaemon> => startDaemon(await idle({ name, stateDirectory, ready: () => true }));
  const [kept, before, alone, zookeeper] = await Promise.all(["kafka-1001", "kafka-1002", "zookeeper-1003", "zookeeper-1004"].map(begun)) as [RunningDaemon, RunningDaemon, RunningDaemon, RunningDaemon];
  await kept.note({ kept: 1 });
  const half = await spawnHalf(stateDirectory, "kafka-1004");
  try {
    assert.deepEqual((await kafkaPids(stateDirectory)).sort(), [kept.pid, before.pid, alone.pid, zookeeper.pid, half].sort());
    assert.deepEqual((await stopUnkept({ stateDirectory, except: [before.pid] })).sort(), [1003, 1004]);
    assert.deepEqual(await Promise.all([alone.pid, zookeeper.pid, half].map(alive)), [false, false, false]);
    assert.deepEqual(await Promise.all([kept.pid, before.pid].map(alive)), [true, true]);
  } finally {
    await Promise.all([kept, before, alone, zookeeper].map((daemon) => daemon.stop()));
    await stopUnkept({ stateDirectory, except: [] });
  }
});

/** A daemon whose starter was killed before it was ready. */
async function spawnHalf(stateDirectory: string, name: string): Promise<number> {
  const starter = spawnStarter({ kind: "daemon", name, stateDirectory, code: IDLE, readyFile: path.join(stateDirectory, "never") });
  // From its first record on, not only its birth file: a daemon without a record would be started anew.
  const half = await waitUntil(() => findDaemon({ name, stateDirectory }).then((found) => (found?.details["whole"] === 1 ? found : undefined)), {
    description: "No daemon begun", timeoutMs: 20_000, intervalMs: 5,
  });
  assert.equal(half.ready, false);
  process.kill(starter.pid!, "SIGKILL");
  await once(starter, "exit");
  return half.pid;
}

test("a process that leads no group is ended like one that does", async () => {
  const child = spawn(process.execPath, ["-e", IDLE], { stdio: "ignore" });
  await once(child, "spawn");
  const ended = once(child, "exit");
  await stopProcess((await processIdentity(child.pid!))!, { stopTimeoutMs: 5_000 });
  assert.deepEqual(await ended, [null, "SIGTERM"]);
});

describe("a lock", () => {
  test("lets one in at a time", async () => {
    const file = path.join(await testFolder(state), "a.lock");
    let inside = 0;
    const results = await Promise.all(Array.from({ length: 8 }, (_, index) => withLock(file, async () => {
      assert.equal(++inside, 1);
      await isPortBound(1);
      inside--;
      return index;
    })));
    assert.deepEqual(results, [0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("is free after its taking was cancelled midway", async () => {
    const file = path.join(await testFolder(state), "c.lock");
    const cancel = new AbortController();
    const { signal } = cancel;
    // The lock is asked for right after somebody listens to the signal, and no file is written in the same turn of the loop.
    signal.addEventListener = (...args: Parameters<AbortSignal["addEventListener"]>) => {
      AbortSignal.prototype.addEventListener.apply(signal, args);
      setImmediate(() => cancel.abort(new Error("enough")));
    };
    await assert.rejects(withLock(file, async () => assert.fail("it was not cancelled"), { signal }), { message: "enough" });
    assert.equal(await withLock(file, async () => "free", { timeoutMs: 2000 }), "free");
  });

  test("is taken over from a holder that has ended, once among many who want it", async () => {
    const file = path.join(await testFolder(state), "b.lock");
    await writeFile(file, JSON.stringify({ pid: process.pid, startTime: "another boot/1", token: "x" }));
    await writeFile(`${file}.breaking`, "");
    let inside = 0;
    await Promise.all(Array.from({ length: 8 }, () => withLock(file, async () => {
      assert.equal(++inside, 1);
      await isPortBound(1);
      inside--;
    })));
  });
});

test("whoever listens on a port is named with pid and command", async () => {
  const port = await freePort();
  assert.equal(await isPortBound(port), false);
  const server = net.createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  assert.equal(await isPortBound(port), true);
  assert.match(await portHolder(port), new RegExp(`^process ${process.pid} \\(.*node`));
  server.close();
});

test("a process is known by its start time, and a pid nobody has by none", async () => {
  const own = await processIdentity(process.pid);
  assert.ok(own !== undefined && (await isRunning(own)));
  assert.equal(await isRunning({ ...own, startTime: `${own.startTime}0` }), false);
  assert.equal(await processIdentity(2 ** 22 + 1), undefined);
});
