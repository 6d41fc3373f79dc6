import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { findKafka, type RunningKafka, startKafka } from "kafka-llm-chat";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { readSettings } from "kafka-llm-chat/internal/settings.js";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { notebookState, type NotebookState, processesIn } from "./support/notebook-state.js";
import { plantNotebook, runSetupModule } from "./support/notebook-program.js";

let state: NotebookState;
before(async () => void (state = await notebookState()));
after(() => state.remove());

const check = (...files: string[]) => runSetupModule("notebooks/check.js", files, state.env).ended;
const walkthrough = (...argv: string[]) => runSetupModule("walkthrough.js", argv, state.env);
const planted = (name: string) => path.join(state.folder, "planted", `${name}.ipynb`);
const stdout = (text: string) => ({ output_type: "stream", name: "stdout", text: [text] });

describe("the check of the notebooks", () => {
  it("finds nothing in those that are committed", async () => {
    const { code, output } = await check();
    assert.equal(code, 0, output);
    assert.match(output, /5 notebooks without a fault/);
  });

  it("finds everything that does not belong into a notebook", async () => {
    const file = plantNotebook(planted("faulty"), [
      { source: "1", execution_count: 7 },
      { source: "2", outputs: [{ output_type: "stream", name: "stderr", text: ["ExperimentalWarning: something\n"] }] },
      { source: "3", outputs: [stdout(`saved in ${repositoryRoot}/notebooks\n`)] },
      { source: "4", outputs: [stdout("at 2026-01-31T12:34:56\n")] },
      { source: "5", outputs: [stdout("0b54cf1e-5f0c-4b5b-8a5e-1c3f2e4d5a6b\n")] },
      { source: "6", outputs: [stdout("1763939999123000000\n")] },
      { source: Array.from({ length: 16 }, (_, line) => `// ${line}`).join("\n") },
      { source: `// ${"x".repeat(120)}` },
      { source: "9", outputs: [stdout("line\n".repeat(40))] },
      { source: "10", outputs: [{ output_type: "display_data", metadata: {}, data: { "text/plain": ["Kafka  ██████████░░░░░░░░░░  50 %"] } }] },
    ]);
    const { code, output } = await check(file);
    assert.equal(code, 1);
    const faults = [
      /cell 3: it has an execution count/, /cell 5: .*a warning/, /cell 5: an error or a warning is among its outputs/, /cell 7: .*a path of one machine/, /cell 9: .*a time/,
      /cell 11: .*a UUID/, /cell 13: .*a timestamp/, /cell 15: 16 lines/, /cell 17: a line of 123 characters/, /cell 19: 41 lines of output/, /cell 21: progress/,
    ];
    for (const fault of faults) assert.match(output, fault);
  });

  it("finds a wrong kernel, a missing title, and code without prose before it", async () => {
    const file = planted("strange");
    const notebook = JSON.parse(fs.readFileSync(plantNotebook(file, [{ source: "1" }]), "utf8")) as { cells: unknown[]; metadata: unknown };
    fs.writeFileSync(file, JSON.stringify({ ...notebook, cells: notebook.cells.slice(2), metadata: { kernelspec: { name: "python3", language: "python" } } }));
    const { output } = await check(file);
    for (const fault of [/the kernel is not tslab/, /begins with its title/, /cell 1: no prose before it/]) assert.match(output, fault);
  });
});

describe("npm run walkthrough", { timeout: 540_000 }, () => {
  const kafka = () => ({ settings: readSettings(state.env) });
  after(async () => void (await (await findKafka(kafka()))?.stop()));

  it("runs every notebook with the outputs that are committed, and leaves a broker that ran before alone", async () => {
    const running: RunningKafka = await startKafka(kafka());
    const { code, output } = await walkthrough().ended;
    assert.equal(code, 0, output);
    for (const name of ["1-install", "2-build-llama-cpp", "3-start-kafka", "4-chat", "5-scale-and-recover"]) {
      assert.match(output, new RegExp(`${name} +ok +[\\d.]+ s`));
      for (const kind of ["ipynb", "html"]) assert.ok(fs.existsSync(path.join(state.folder, "walkthrough", `${name}.${kind}`)), `${name}.${kind}`);
    }
    assert.equal((await findKafka(kafka()))?.pid, running.pid);
    await running.stop();
  });

  it("fails when a cell throws, when an assertion fails, when a cell writes to stderr, never ends or shows something else, and names it", async () => {
    const files = [
      plantNotebook(planted("throws"), [{ source: "1;" }, { source: 'import { startKafka } from "kafka-llm-chat";\nconst broker = await startKafka();\nthrow new Error("planted error");' }]),
      plantNotebook(planted("asserts"), [{ source: 'import assert from "node:assert/strict";\nassert.equal(1, 2);' }]),
      plantNotebook(planted("warns"), [{ source: 'console.error("planted warning");' }]),
      plantNotebook(planted("hangs"), [{ source: "await new Promise(() => setInterval(() => {}, 1000));" }]),
      plantNotebook(planted("differs"), [{ source: 'console.log("new");', outputs: [stdout("old\n")] }]),
      plantNotebook(planted("varies"), [{ source: 'console.log("new");', outputs: [stdout("old\n")], tags: ["varies"] }]),
      plantNotebook(planted("more"), [{ source: 'import * as tslab from "tslab";\ntslab.newDisplay().text("compiling");\nconsole.log("new");', outputs: [stdout("old\n")], tags: ["varies"] }]),
      plantNotebook(planted("nothing"), [{ source: "const silent = 1;", outputs: [stdout("old\n")], tags: ["varies"] }]),
    ];
    const { code, output } = await walkthrough("--cell-limit", "15", ...files).ended;
    assert.equal(code, 1, output);
    const told = [
      /throws, cell 5: failed:[^]*planted error[^]*throw new Error/, /asserts, cell 3: failed:[^]*AssertionError/, /warns, cell 3: it wrote to stderr:\nplanted warning/,
      /hangs, cell 3: failed:\nThe cell did not end within 15 s/, /differs, cell 3: it shows something else than is committed:\nnew\ninstead of\nold/, /varies +ok/, /more +ok/, /nothing, cell 3: it shows nothing, but stdout is committed/,
      /6 of 8 failed/,
    ];
    for (const line of told) assert.match(output, line);
    assert.equal(await findKafka(kafka()), undefined, "the broker that a notebook has started is stopped");
    assert.deepEqual(processesIn(state.folder), []);
  });

  it("stops the kernel when it is interrupted", async () => {
    const mark = path.join(state.folder, "began");
    const file = plantNotebook(planted("interrupted"), [
      { source: `import fs from "node:fs";\nfs.writeFileSync(${JSON.stringify(mark)}, "");\nawait new Promise(() => setInterval(() => {}, 1000));` },
    ]);
    const run = walkthrough(file);
    await waitUntil(() => fs.existsSync(mark), { description: "the cell not begun", timeoutMs: 60_000 });
    run.kill("SIGINT");
    const { code, output } = await run.ended;
    assert.equal(code, 130, output);
    assert.match(output, /Interrupted/);
    assert.deepEqual(processesIn(state.folder), []);
  });

  it("says which notebooks there are when a name is wrong", async () => {
    const { output } = await walkthrough("5-nothing").ended;
    assert.match(output, /There is no notebook "5-nothing"; there are 1-install, 2-build-llama-cpp, 3-start-kafka, 4-chat/);
  });
});
