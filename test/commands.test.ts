import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { openChat, startAssistantProcess } from "kafka-llm-chat";
import { AssistantProcess } from "kafka-llm-chat/internal/commands/startAssistantProcess.js";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { testState } from "./support/broker-state.js";
import { startHub } from "./support/hub-server.js";
import { run } from "./support/setup-machine.js";
import { startInTerminal } from "./support/startInTerminal.js";
import { type TestCluster, testCluster } from "./support/testCluster.js";

const ENTRY = path.join(repositoryRoot, "setup", "run.mjs");

describe("a command whose KAFKA_BROKERS nobody answers at", { timeout: 120_000 }, () => {
  for (const command of [["chat"], ["assistant"], ["errors", "list"], ["errors", "resend", "0:0"], ["memory", "check"]]) {
    test(`${command.join(" ")} says so soon, without a stack, and what to do`, async () => {
      const { code, output, seconds } = await run(process.execPath, [ENTRY, ...command], { env: { ...process.env, KAFKA_BROKERS: "127.0.0.1:1" } });
      assert.equal(code, 1, output);
      assert.match(output, /^No Kafka broker answers at 127\.0\.0\.1:1 within 3000 ms\. KAFKA_BROKERS names it: check the address/m);
      assert.doesNotMatch(output, /^\s+at /m);
      assert.ok(seconds < 10, `it took ${seconds.toFixed(1)} s; a client of its own would try for 30 s`);
    });
  }
});

for (const command of [["errors", "show"], ["errors", "resend"], ["errors", "list", "--reasn", "x"], ["chat", "--conversaton", "x"], ["memory", "chek"]]) {
  test(`${command.join(" ")} is wrong usage`, { timeout: 60_000 }, async () => {
    const { code, output } = await run(process.execPath, [ENTRY, ...command], { env: { ...process.env, KAFKA_BROKERS: "127.0.0.1:1" } });
    assert.equal(code, 2, output);
    assert.match(output, /Usage: |Which records\?|--help tells what it takes/);
  });
}

describe("a command that downloads its model", { timeout: 120_000 }, () => {
  const state = testState();
  let cluster: TestCluster;
  before(async () => void (cluster = await testCluster()));
  after(() => cluster.stop());
  for (const [command, ...args] of [["assistant"], ["chat"], ["memory", "check"]] as [string, ...string[]][]) {
    test(`${command} shows the licence and how far it is, and keeps stdout for what it is asked for`, async () => {
      const hub = await startHub();
      hub.tags = ["license:llama2"];
      const program = `import { main } from "kafka-llm-chat/internal/commands/${command}.js"; await main(${JSON.stringify(args)})`;
      const env = {
        ...process.env, KAFKA_BROKERS: cluster.brokers.join(","), CHAT_TOPIC: cluster.settings().chatTopic,
        CHAT_MODEL: "hf:acme/tiny/tiny.gguf", HF_ENDPOINT: hub.endpoint, KAFKA_LLM_CHAT_STATE: path.join(state, command),
      };
      try {
        // The hub serves no model but random bytes, so the command ends when it loads them.
        const { stdout, stderr } = await runProgram(program, env);
        assert.match(stderr, /under the licence "llama2"[^]*^tiny\.gguf: 100 %/m);
        assert.equal(stdout, "");
      } finally {
        await hub.close();
      }
    });
  }
});

test("an assistant's process has no less time to get ready because its model is downloaded first", { timeout: 30_000 }, async () => {
  const limit = 1500;
  // Stands for a download that takes twice the limit.
  const program = `let told = 0; setInterval(() => process.send(++told < 30 ? { type: told % 2 === 0 ? "download" : "notice" } : { type: "ready", worker: "W" }), 100)`;
  const assistant = new AssistantProcess(spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "pipe", "ipc"] }));
  try {
    await assistant.ready(limit);
    assert.equal(assistant.worker, "W");
  } finally {
    await assistant.kill();
  }
});

test("npm run chat leaves the broker running, whether that ran before or not; commands say soon that it does not answer when it is frozen", { timeout: 120_000 }, async () => {
  const env = { ...process.env, KAFKA_BROKERS: "" };
  const kafka = (action: string): ReturnType<typeof run> => run(process.execPath, [ENTRY, "kafka", action], { env });
  const chat = (): ReturnType<typeof run> => run(process.execPath, [ENTRY, "chat"], { env });
  try {
    const first = await chat();
    assert.equal(first.code, 0, first.output);
    assert.match(first.output, /Kafka \S+ started on .*; stop it with: npm run kafka -- stop/);
    const status = await kafka("status");
    assert.equal(status.code, 0, status.output);
    assert.equal((await chat()).code, 0);
    assert.equal((await kafka("status")).output, status.output, "the same one");

    const pid = Number(/pid (\d+)/.exec(status.output)?.[1]);
    process.kill(pid, "SIGSTOP");
    try {
      for (const command of [["errors", "list"], ["chat", "--cancel", "nobody"]]) {
        const { code, output } = await run(process.execPath, [ENTRY, ...command], { env });
        assert.equal(code, 1, output);
        assert.match(output, /^Somebody listens at .*, but does not answer as Kafka does within 10000 ms\. Where it is the local broker: `npm run kafka -- stop`/m);
        assert.doesNotMatch(output, /^\s+at /m);
      }
    } finally {
      process.kill(pid, "SIGCONT");
    }
  } finally {
    assert.match((await kafka("stop")).output, /Kafka stopped/);
  }
});

test("a terminal tells what has happened above the line that is being typed, which stays as it is", { timeout: 60_000 }, async () => {
  const terminal = startInTerminal([process.execPath, path.join(import.meta.dirname, "support", "terminalProgram.js")], { columns: 60, env: process.env });
  try {
    await terminal.shows(/^You:$/m);
    terminal.type("What, if you do not mind that I ask you again and again, is a topic");
    await terminal.shows("is a topic");
    const [, pid] = /process (\d+)/.exec(terminal.rows().join("\n")) ?? [];
    process.kill(Number(pid), "SIGUSR2");
    await terminal.shows("has happened");
    await terminal.shows(/, is a topic$/);
    assert.deepEqual(terminal.rows(), [`process ${pid}`, "Something has happened.", "You: What, if you do not mind that I ask you again and again", ", is a topic"]);
    terminal.type("?\r");
    await terminal.shows("asked: What, if you do not mind that I ask you again and again, is a topic?".slice(0, 60));
    assert.equal(terminal.rows().filter((row) => row.startsWith("You:")).length, 2, terminal.rows().join("\n"));
    terminal.type("\x04");
    assert.equal(await terminal.ended, 0);
  } finally {
    terminal.kill();
  }
});

test("an assistant finishes what it writes when Ctrl+C comes twice at once, as it does under npm", { timeout: 120_000 }, async () => {
  const cluster = await testCluster();
  const settings = cluster.settings();
  const env = { ...process.env, KAFKA_BROKERS: cluster.brokers.join(","), CHAT_TOPIC: settings.chatTopic };
  const assistant = spawn(process.execPath, [ENTRY, "assistant", "--pace", "20", "--worker", "W"], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(assistant, "exit");
  try {
    let output = "";
    assistant.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    await waitUntil(() => output.includes("assistant ready"), { description: "The assistant is not ready", timeoutMs: 60_000 });
    const chat = await openChat({ settings });
    try {
      const interrupt = (): void => ["SIGINT", "SIGINT"].forEach((name) => assistant.kill(name as NodeJS.Signals));
      let shown = 0;
      const { text, worker, error } = await chat.say("What is a topic?", { timeoutMs: 30_000, onText: () => void (shown++ === 0 && interrupt()) });
      assert.deepEqual({ worker, error }, { worker: "W", error: undefined });
      assert.match(text, /read from it\.$/);
    } finally {
      await chat.stop();
    }
    assert.deepEqual(await ended, [0, null]);
    assert.match(output, /assistant stopped/);
  } finally {
    assistant.kill("SIGKILL");
    await cluster.stop();
  }
});

describe("npm run chat in a terminal", { timeout: 180_000 }, () => {
  test("cancels a reply on Ctrl+C; what is typed meanwhile is shown afterwards, and asked", async () => {
    const cluster = await testCluster();
    const settings = cluster.settings();
    const env = { ...process.env, KAFKA_BROKERS: cluster.brokers.join(","), CHAT_TOPIC: settings.chatTopic };
    const assistant = await startAssistantProcess({ env, pace: 8 });
    const terminal = startInTerminal([process.execPath, ENTRY, "chat"], { columns: 200, env });
    try {
      await terminal.shows(/^You:$/m);
      terminal.type("What is Kafka?\r");
      await terminal.shows(/^Marvin: Apache Kafka/m);
      terminal.type("Hello\rWhat is a to");
      terminal.type("\x03");
      await terminal.shows(/^You: What is a to$/m);
      const rows = terminal.rows();
      const asked = rows.indexOf("You: What is Kafka?");
      assert.match(rows.slice(asked).join("\n"), /^You: What is Kafka\?\nMarvin: Apache Kafka[^\n]* \(cancelled\)\nYou: Hello\nMarvin: Hello[^\n]*\nYou: What is a to$/);
      terminal.type("\x03");
      assert.equal(await terminal.ended, 0);
    } finally {
      terminal.kill();
      await assistant.stop();
      await cluster.stop();
    }
  });
});

/** Runs an ES module; how it ends does not matter. */
function runProgram(program: string, env: NodeJS.ProcessEnv): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve) => execFile(process.execPath, ["--input-type=module", "-e", program], { env, cwd: repositoryRoot }, (_, stdout, stderr) => resolve({ stdout, stderr })));
}
