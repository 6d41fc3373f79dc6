import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import type { Container, ContainerTool, Image, StartOptions } from "./ContainerTool.js";
import { buildahTool } from "./buildahTool.js";
import { copyCommitted } from "./copyCommitted.js";
import { dockerTool } from "./dockerTool.js";
import { runCell } from "./runCell.js";

const COLAB = "https://colab.research.google.com";

/** Leaves running whatever a notebook can leave: broker, model, assistant, and the person's side. */
const CHAT = (text: string) => `
import { startKafka, loadModel, ChatNodeLlamaCpp, startAssistant, openChat } from "kafka-llm-chat";
await startKafka();
const model = await loadModel();
const assistant = await startAssistant({ model: new ChatNodeLlamaCpp({ model: model }) });
const chat = await openChat({ conversation: "container" });
const reply = await chat.say(${JSON.stringify(text)});
console.log(reply.text);
`;

/** Tells how many questions the topic holds, and the id of the kernel. */
const COUNT = (token: string) => `
import { readRecords, parseMessage } from "kafka-llm-chat";
const isLast = ({ offset }: { offset: bigint }) => offset === reply.offset;
const roles = (await readRecords({ topic: "chat", key: "container", until: isLast })).map(({ value }) => String(parseMessage(value).role));
console.log("questions", roles.filter((role) => role === "human").length);
console.log("kernel", await fetch("http://127.0.0.1:8888/api/kernels", { headers: { Authorization: ${JSON.stringify(`token ${token}`)} } }).then((answer) => answer.json()).then(([{ id }]) => String(id)));
`;

describe("the image of Dockerfile.colab", { timeout: 55 * 60_000 }, () => {
  const folder = path.join(process.env["TEST_STATE"] ?? "", "container");
  const log = path.join(repositoryRoot, ".state", "log", "test-container", "build.log");
  let tool: ContainerTool;
  let image: Image;
  let started: Container[] = [];

  before(async () => {
    fs.mkdirSync(folder, { recursive: true });
    const name = process.env["TEST_CONTAINER_TOOL"] as "docker" | "podman" | "buildah";
    tool = name === "buildah" ? await buildahTool(folder) : dockerTool(name, folder);
    const context = path.join(folder, "context");
    await copyCommitted(context);
    const begun = performance.now();
    image = await tool.build({ context, dockerfile: path.join(context, "Dockerfile.colab"), base: process.env["BASE_IMAGE"], log });
    console.log(`  built by ${name} in ${((performance.now() - begun) / 1_000).toFixed(0)} s, ${image.size}`);
  });
  afterEach(async () => {
    await Promise.all(started.map((container) => container.stop().catch(() => undefined)));
    started = [];
  });
  after(() => tool?.remove());

  const start = async (options: StartOptions): Promise<Container> => {
    const container = await image.start(options);
    started.push(container);
    return container;
  };

  /** Starts JupyterLab, as the image does by itself, and waits for its health check. @returns it, and the token that it has printed */
  const startJupyterLab = async (options: StartOptions): Promise<{ container: Container; token: string }> => {
    const container = await start({ network: true, ...options });
    await Promise.race([
      waitUntil(() => container.output().includes("Ctrl+C stops it"), { description: "JupyterLab not ready", timeoutMs: 180_000 }),
      container.ended.then((code) => assert.fail(`The container has ended with ${code}:\n${container.output()}`)),
    ]);
    assert.equal((await health(container)).code, 0, container.output());
    return { container, token: new URL(/http:\S+lab\S+/.exec(container.output())?.[0] ?? "").searchParams.get("token") ?? "" };
  };

  const health = (container: Container) => container.exec(image.config.Healthcheck.Test.slice(1));

  it("runs as a user who is not root, keeps its state in a volume, has a health check, and no token", () => {
    const { User, Volumes, ExposedPorts, Healthcheck, Env, Entrypoint } = image.config;
    assert.equal(User, "1000:1000");
    assert.deepEqual(Object.keys(Volumes), ["/state"]);
    assert.deepEqual(Object.keys(ExposedPorts), ["8888/tcp"]);
    assert.equal(Healthcheck.Test[0], "CMD");
    assert.equal(Entrypoint[0], "tini");
    for (const setting of ["NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_DRIVER_CAPABILITIES=compute,utility"]) assert.ok(Env.includes(setting), setting);
    assert.deepEqual(Env.filter((setting) => /TOKEN|PIP_|CERT|PROXY/i.test(setting)), []);
  });

  it("runs every notebook, without a network and with nothing left to install", async () => {
    const program = "! node .state/build/setup/jupyter/health.js && node setup/run.mjs walkthrough && stat -c 'written by %u' /state/walkthrough/4-chat.ipynb && ! test -e /run/secrets/ca.pem";
    const container = await start({ volume: "walkthrough", command: ["sh", "-c", program] });
    assert.equal(await container.ended, 0, container.output());
    for (const notebook of fs.readdirSync(path.join(repositoryRoot, "notebooks")).filter((name) => name.endsWith(".ipynb"))) {
      assert.match(container.output(), new RegExp(`^${path.basename(notebook, ".ipynb")} +ok`, "m"));
    }
    assert.match(container.output(), /^written by 1000$/m);
    assert.match(container.output(), /^JupyterLab does not answer$/m);
    assert.doesNotMatch(container.output(), /ready \(/, "something was installed");
    assert.deepEqual(container.left(), []);
    console.log(container.output().replace(/^/gm, "  "));
  });

  it("asks for a token, and stops JupyterLab, a notebook's assistant and the broker within 10 s", async () => {
    const { container, token } = await startJupyterLab({ volume: "server" });
    assert.match(token, /^[0-9a-f]{32,}$/);
    assert.equal((await container.get("/api/kernelspecs")).status, 403);
    assert.equal((await container.get("/api/kernelspecs?token=wrong")).status, 403);
    assert.match(String((await container.get("/lab")).headers["location"]), /^\/login/);
    const answer = await container.get(`/api/kernelspecs?token=${token}`, { Origin: COLAB });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["access-control-allow-credentials"], undefined, "Colab is not let in unasked");

    await runCell(container, CHAT("Hello, my name is Anna."));
    const { code, seconds } = await container.stop();
    assert.equal(code, 0, container.output());
    assert.ok(seconds < 10, `stopping took ${seconds.toFixed(1)} s:\n${container.output()}`);
    assert.match(container.output(), /Stopped Kafka on port 9092/);
    assert.deepEqual(container.left(), []);
    console.log(`  stopped in ${seconds.toFixed(1)} s`);
  });

  it("lets Google Colab in with COLAB=true, takes the token it is given, and finds in its volume what was said before", async () => {
    const given = "a token/of+one's own";
    const { container, token } = await startJupyterLab({ volume: "server", env: { COLAB: "true", JUPYTER_TOKEN: given } });
    assert.equal(token, given);
    assert.match(container.output(), /Connect to a local runtime": http:\/\/localhost:8888\/\?token=/);
    const query = `?token=${encodeURIComponent(given)}`;
    const { status, headers } = await container.get(`/api/kernelspecs${query}`, { Origin: COLAB });
    assert.equal(status, 200);
    assert.equal(headers["access-control-allow-origin"], COLAB);
    assert.equal(headers["access-control-allow-credentials"], "true");

    const output = await runCell(container, CHAT("What is my name?") + COUNT(given));
    assert.match(output, /^questions 2$/m);
    const kernel = /^kernel (\S+)$/m.exec(output)?.[1] ?? "";
    const websocket = { "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" };
    assert.equal((await container.get(`/api/kernels/${kernel}/channels${query}`, { ...websocket, Origin: COLAB })).status, 101);
    assert.equal((await container.get(`/api/kernels/${kernel}/channels`, { ...websocket, Origin: COLAB })).status, 403, "Colab needs the token");
    assert.equal((await container.stop()).code, 0, container.output());
    assert.deepEqual(container.left(), []);
  });

  it("says what to do where its user may not write to the volume", async () => {
    const container = await start({ volume: "server", user: "2000" });
    assert.equal(await container.ended, 1);
    assert.match(container.output(), /The volume \/state cannot be written by user 2000\.\n +What to do: /);
  });
});
