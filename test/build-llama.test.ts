import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { isRunning, processIdentity } from "kafka-llm-chat/internal/daemon/processIdentity.js";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { buildLlama } from "kafka-llm-chat/internal/model/buildLlama.js";
import { buildProgress } from "kafka-llm-chat/internal/model/buildProgress.js";
import { checkBuildTools } from "kafka-llm-chat/internal/model/checkBuildTools.js";
import { type DeviceFacts, explainDevice, explainFacts } from "kafka-llm-chat/internal/model/explainDevice.js";
import { nodeLlamaCppFolder } from "kafka-llm-chat/internal/model/localBuild.js";
import { runLogged } from "kafka-llm-chat/internal/model/runLogged.js";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { testState } from "./support/broker-state.js";

const state = testState();
const none = { nvcc: undefined, cudaToolkit: undefined };
const allTools = async (): Promise<string> => "version 12.8";

describe("before llama.cpp is compiled", () => {
  test("a machine without nvcc gets a clear error, and nothing is started", async () => {
    const lines: string[] = [];
    await assert.rejects(buildLlama({ settings: { nvcc: "/nowhere/nvcc", cudaToolkit: undefined }, onLine: (line) => lines.push(line) }), {
      name: "BuildToolsError",
      message: /^llama\.cpp cannot be compiled here\. Missing: .*the CUDA compiler nvcc \(CUDACXX is \/nowhere\/nvcc, which does not run\)\. Install NVIDIA's CUDA toolkit .*LLAMA_CUDA=auto takes it\. Nothing has been started\.$/,
    });
    assert.deepEqual(lines, []);
  });

  test("everything that is missing is named at once", async () => {
    await assert.rejects(checkBuildTools("cuda", { settings: none, versionOf: async () => undefined, freeBytes: 1e9 }), (error: Error) => {
      for (const thing of ["git", "a C++ compiler", "make or ninja", "CMake", "neither on the PATH nor in /usr/local/cuda/bin", "where 1.0 GB are free"]) assert.ok(error.message.includes(thing), thing);
      return true;
    });
  });

  test("nvcc is looked for where CMake will look for it", async () => {
    const { cuda, found } = await checkBuildTools("cuda", { settings: { nvcc: undefined, cudaToolkit: "/opt/cuda" }, versionOf: allTools, exists: () => true, freeBytes: 1e11 });
    assert.deepEqual(cuda, { nvcc: "/opt/cuda/bin/nvcc", toolkit: "/opt/cuda" });
    assert.ok(found.includes("CUDA compiler: /opt/cuda/bin/nvcc, version 12.8"));
    const usual = await checkBuildTools("cuda", { settings: none, versionOf: async (command) => (command === "nvcc" ? undefined : "1.0"), exists: () => true, freeBytes: 1e11 });
    assert.deepEqual(usual.cuda, { nvcc: "/usr/local/cuda/bin/nvcc", toolkit: "/usr/local/cuda" });
  });

  test("a toolkit without its headers is refused", async () => {
    const check = checkBuildTools("cuda", { settings: { nvcc: undefined, cudaToolkit: "/opt/cuda" }, versionOf: allTools, exists: () => false, freeBytes: 1e11 });
    await assert.rejects(check, { name: "BuildToolsError", message: /\/opt\/cuda has no include\/cuda_runtime\.h/ });
  });

  test("a build for the CPU needs no CUDA", async () => {
    assert.equal((await checkBuildTools("cpu", { settings: none, versionOf: async (command) => (command.includes("nvcc") ? undefined : "1.0"), freeBytes: 1e11 })).cuda, undefined);
  });

  test("the command line that compiles is where it is looked for, with the source beside it", () => {
    for (const file of ["dist/cli/cli.js", "llama/gitRelease.bundle"]) assert.ok(existsSync(path.join(nodeLlamaCppFolder(), file)), file);
  });
});

test("a compilation's progress is read from ninja's lines and from make's", () => {
  const what = "compiling llama.cpp";
  assert.deepEqual(buildProgress("[12/297] Building CUDA object x.o"), { what, done: 12, total: 297, unit: "files" });
  assert.deepEqual(buildProgress("[  5%] Building CXX object x.o"), { what, done: 5, total: 100, unit: "percent" });
  assert.deepEqual(buildProgress("[100%] Built target llama"), { what, done: 100, total: 100, unit: "percent" });
  assert.equal(buildProgress("[node-llama-cpp] Compiling"), undefined);
});

test("what was compiled is written down, and loadLlama() asks for it by its options", async () => {
  // In place of twenty minutes of compiling: a node-llama-cpp that prints what a compilation prints, beside a copy of this library.
  const folder = path.join(repositoryRoot, ".state", "test", randomUUID());
  const fake = path.join(folder, "node_modules", "node-llama-cpp");
  try {
    await mkdir(path.join(fake, "dist", "cli"), { recursive: true });
    await mkdir(path.join(fake, "llama"));
    await cp(path.join(repositoryRoot, "lib", "dist"), path.join(folder, "lib", "dist"), { recursive: true });
    await writeFile(path.join(folder, "package.json"), '{ "type": "module" }');
    await writeFile(path.join(fake, "package.json"), '{ "type": "module", "exports": "./dist/index.js" }');
    await writeFile(path.join(fake, "dist", "index.js"), "export const LlamaLogLevel = {}; export const getLlama = async (options) => options;");
    await writeFile(path.join(fake, "dist", "cli", "cli.js"), 'console.log(process.argv.slice(2).join(" "), process.env.NODE_LLAMA_CPP_CMAKE_OPTION_CMAKE_CUDA_ARCHITECTURES); console.log("[ 50%] Building");');
    const copy = async <Module>(file: string) => await import(pathToFileURL(path.join(folder, "lib", "dist", "model", file)).href) as Module;
    const { buildLlama: build } = await copy<typeof import("kafka-llm-chat/internal/model/buildLlama.js")>("buildLlama.js");
    const { loadLlama } = await copy<typeof import("kafka-llm-chat/internal/model/loadLlama.js")>("loadLlama.js");

    const lines: string[] = [];
    const done: number[] = [];
    const built = await build({
      settings: { nvcc: undefined, cudaToolkit: "/opt/cuda" }, versionOf: allTools, exists: () => true, freeBytes: 1e11,
      cmakeOptions: { CMAKE_CUDA_ARCHITECTURES: "90" }, onLine: (line) => lines.push(line), onProgress: (progress) => done.push(progress.done),
    });
    assert.ok(lines.includes("source download --gpu cuda --noUsageExample 90"), lines.join("\n"));
    assert.deepEqual(done, [50]);
    assert.deepEqual(built, { gpu: "cuda", cmakeOptions: { GGML_CCACHE: "OFF", CMAKE_CUDA_ARCHITECTURES: "90" }, compiledAt: built.compiledAt, log: built.log });
    assert.deepEqual(JSON.parse(await readFile(path.join(fake, "llama", "localBuilds", "kafka-llm-chat.json"), "utf8")), built);
    const { cmakeOptions } = await loadLlama() as unknown as { cmakeOptions: object };
    assert.deepEqual(cmakeOptions, built.cmakeOptions);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

describe("a long command", () => {
  const log = path.join(state, "log", "command.log");

  test("tells its lines without colours and keeps them in the log", async () => {
    const lines: string[] = [];
    await runLogged(process.execPath, ["-e", 'console.log("\\u001b[32m[ 50%] one\\u001b[0m"); console.error("two")'], { log, onLine: (line) => lines.push(line) });
    assert.deepEqual(lines.sort(), ["[ 50%] one", "two"]);
    assert.deepEqual((await readFile(log, "utf8")).trim().split("\n").sort(), lines);
  });

  test("that fails shows its last lines and where the log is", async () => {
    await assert.rejects(runLogged(process.execPath, ["-e", 'console.error("nvcc fatal: no such architecture"); process.exit(3)'], { log }), (error: Error) => {
      assert.match(error.message, /failed \(exit code 3\)\. From its log .*command\.log:\nnvcc fatal: no such architecture$/);
      return true;
    });
  });

  test("that fails shows the reason rather than what was printed after it", async () => {
    const script = 'for (let i = 0; i < 40; i++) console.log(i === 3 ? "CMake Error at x (message):" : `line ${i}`); process.exit(1)';
    await assert.rejects(runLogged(process.execPath, ["-e", script], { log, cause: /CMake Error/ }), (error: Error) => {
      assert.ok(error.message.endsWith(":\nCMake Error at x (message):\nline 4"), error.message);
      return true;
    });
  });

  test("ends with everything it has started when it is aborted", async () => {
    const cancel = new AbortController();
    const grandchild = 'setInterval(() => {}, 1000); console.log("pid", process.pid)';
    const child = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(grandchild)}], { stdio: "inherit" }); setInterval(() => {}, 1000)`;
    let identity: Promise<Awaited<ReturnType<typeof processIdentity>>> | undefined;
    await assert.rejects(runLogged(process.execPath, ["-e", child], { log, signal: cancel.signal, onLine: (line) => {
      identity = processIdentity(Number(line.split(" ")[1])).finally(() => cancel.abort(new Error("enough")));
    } }), { message: "enough" });
    const found = await identity;
    assert.ok(found !== undefined);
    await waitUntil(async () => !(await isRunning(found)), { description: "grandchild not ended", timeoutMs: 5000 });
  });

  test("goes on when the disk of its log is full, and shows its last lines when it fails", { skip: !existsSync("/dev/full") }, async () => {
    const full = path.join(state, "log", "full.log");
    await mkdir(path.dirname(full), { recursive: true });
    await symlink("/dev/full", full);
    const lines: string[] = [];
    await assert.rejects(runLogged(process.execPath, ["-e", 'console.log("one"); setTimeout(() => { console.log("two"); process.exit(3); }, 100)'], { log: full, onLine: (line) => lines.push(line) }), (error: Error) => {
      assert.match(error.message, /failed \(exit code 3\)\. From its log .*full\.log, which could not be written to its end \(ENOSPC.*\):\none\ntwo$/);
      return true;
    });
    assert.deepEqual(lines, ["one", "two"]);
  });

  test("ends when whoever listens to its lines throws, and throws that", async () => {
    // More than fits into a pipe that nobody reads, by a process that minds no SIGTERM at once.
    const script = 'process.on("SIGTERM", () => { process.stdout.write("x".repeat(1e6), () => process.exit()); }); console.log("one"); setInterval(() => {}, 1000)';
    await assert.rejects(runLogged(process.execPath, ["-e", script], { log, onLine: () => { throw new Error("the cell is gone"); } }), { message: "the cell is gone" });
  });

  test("that is aborted before it begins is not started", async () => {
    await assert.rejects(runLogged("/nowhere", [], { log, signal: AbortSignal.abort(new Error("enough")) }), { message: "enough" });
    await assert.rejects(runLogged("/nowhere", [], { log }), { code: "ENOENT" });
  });
});

describe("the device is explained", () => {
  const cpu: DeviceFacts = { device: { backend: "cpu", gpus: [], freeGpuMemory: 0, build: "prebuilt", llamaCppRelease: "b1" }, setting: "auto", localBuild: undefined, nvidia: [], usable: [], prebuiltCuda: true };
  const nvidia = { ...cpu, nvidia: ["NVIDIA H200"], usable: ["cuda"] };
  const localBuild = { gpu: "cuda", cmakeOptions: {}, compiledAt: "2026-01-02T03:04:05Z", log: "/state/log/x.log" } as const;
  const cases: [string, DeviceFacts, string[]][] = [
    ["without a GPU", cpu, ["llama.cpp b1 runs on the CPU.", "Its build is the one that comes with node-llama-cpp.", "No GPU was found that llama.cpp can use: no NVIDIA driver, no Vulkan."]],
    ["on a GPU", { ...nvidia, device: { ...cpu.device, backend: "cuda", gpus: ["NVIDIA H200"], freeGpuMemory: 140e9 } }, ["llama.cpp b1 runs on the GPU by CUDA: NVIDIA H200, 140.0 GB of its memory are free.", "Its build is the one that comes with node-llama-cpp."]],
    ["where CUDA is switched off", { ...nvidia, setting: "off" }, ["There is an NVIDIA GPU (NVIDIA H200), but LLAMA_CUDA=off leaves it out."]],
    ["where CUDA's libraries are missing", { ...nvidia, usable: [] }, ["There is an NVIDIA GPU (NVIDIA H200), but not all of CUDA's libraries are found: in a container, NVIDIA_DRIVER_CAPABILITIES must contain compute."]],
    ["where the CUDA build is missing", { ...nvidia, prebuiltCuda: false }, ["There is an NVIDIA GPU (NVIDIA H200), but the CUDA build is not installed: run npm install again without --omit=optional."]],
    ["where a build of one's own is wanted and there is none", { ...cpu, setting: "build" }, ["LLAMA_CUDA=build asks for a build compiled here, and there is none yet: `await buildLlama()` compiles it."]],
    ["where one's own CUDA build has no driver", { ...cpu, setting: "build", localBuild }, ["LLAMA_CUDA=build asks for a build compiled here; the one of 2026-01-02 is for CUDA and waits for an NVIDIA driver."]],
    ["where one's own CUDA build waits unasked", { ...cpu, localBuild }, ["The build compiled here on 2026-01-02 is for CUDA and waits for an NVIDIA driver."]],
    ["where one's own CUDA build is left out", { ...nvidia, setting: "off", localBuild }, ["The build compiled here on 2026-01-02 is for CUDA, which LLAMA_CUDA=off leaves out."]],
    ["where one's own build does not load", { ...nvidia, setting: "build", localBuild }, ["LLAMA_CUDA=build asks for a build compiled here; the one of 2026-01-02 does not load on this device, see /state/log/x.log."]],
    ["with a build of one's own", { ...nvidia, localBuild, device: { ...cpu.device, backend: "cuda", gpus: ["NVIDIA H200"], freeGpuMemory: 140e9, build: "localBuild" } }, ["Its build is compiled on this machine (log: /state/log/x.log).", "It goes before the one that comes with node-llama-cpp, as LLAMA_CUDA=auto and =build say alike."]],
  ];
  for (const [title, facts, expected] of cases) {
    test(title, () => {
      const sentences = explainFacts(facts);
      for (const sentence of expected) assert.ok(sentences.includes(sentence), sentences.join("\n"));
    });
  }

  test("on this machine", async () => {
    const [runs, build] = await explainDevice();
    assert.match(runs ?? "", /^llama\.cpp \S+ runs on the (CPU\.|GPU by (CUDA|Metal|Vulkan): .+ are free\.)$/);
    assert.match(build ?? "", /^Its build is (compiled on this machine|the one that comes with node-llama-cpp)/);
  });
});
