import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { browserProgram, openBrowser } from "./support/browser-chromium.js";
import { type StartedJupyterLab, startJupyterLab } from "./support/browser-jupyter.js";
import { notebookState, type NotebookState, processesIn } from "./support/notebook-state.js";

const NOTEBOOK = path.join(repositoryRoot, "notebooks", "4-chat.ipynb");
/** tslab writes errors to stderr. */
const FAILED = '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"]';
const ARTIFACTS = path.join(repositoryRoot, ".state", "test-artifacts");

describe("JupyterLab in a browser", { timeout: 480_000 }, () => {
  let state: NotebookState;
  let jupyter: StartedJupyterLab | undefined;
  let browser: Browser | undefined;
  before(async () => {
    state = await notebookState();
    // Browser and driver keep their files there.
    process.env["TMPDIR"] = state.env["TMPDIR"];
  });
  after(async () => {
    await browser?.close();
    await jupyter?.stop();
    state.remove();
  });

  it("runs 4-chat from the address that npm start prints: replies come, no cell fails, and nothing is left after SIGTERM", async (test) => {
    const program = await browserProgram();
    if (program === undefined) {
      assert.equal(process.env["CI"], undefined, "There is no Chrome or Chromium, and in CI there must be one");
      return test.skip("no Chrome or Chromium is installed");
    }
    const committed = fs.readFileSync(NOTEBOOK, "utf8");
    jupyter = await startJupyterLab(state);
    browser = await openBrowser(program);
    const page = await browser.newPage({ viewport: { width: 1080, height: 900 } });
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));

    await page.goto(jupyter.url.replace(/lab\/tree\/[^?]+/, "lab/tree/4-chat.ipynb"));
    await runAllCells(page);
    assert.deepEqual(await page.locator(FAILED).allInnerTexts(), []);
    assert.match(await outputOf(page, 'chat.say("What is my name?")'), /Ada/);
    assert.match(await outputOf(page, 'ask("What is my name?")'), /Amy/);
    assert.match(await outputOf(page, "model.dispose()"), /stopped/);
    assert.deepEqual(errors, []);
    await takePicture(page);

    await browser.close();
    assert.equal(await jupyter.stop(), 0, jupyter.output());
    assert.deepEqual(processesIn(state.folder), []);
    assert.equal(fs.readFileSync(NOTEBOOK, "utf8"), committed, "the committed notebook is as it was");
  });
});

/** By the menu, as a person does it. Ends when each code cell has its number. */
async function runAllCells(page: Page): Promise<void> {
  await page.locator(".jp-Notebook .jp-CodeCell").first().waitFor({ timeout: 60_000 });
  await page.locator(".jp-Toolbar-kernelName", { hasText: "TypeScript" }).first().waitFor({ timeout: 60_000 });
  await page.locator(".lm-MenuBar-itemLabel", { hasText: /^Run$/ }).click();
  await page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click();
  const cells = await page.locator(".jp-Notebook .jp-CodeCell").count();
  assert.ok(cells > 20, `${cells} code cells`);
  await waitUntil(async () => {
    if (await page.locator(FAILED).count() > 0) return true;
    const prompts = await page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").allInnerTexts();
    return prompts.every((prompt) => /^\[\d+\]:$/.test(prompt.trim()));
  }, { description: "4-chat has not run to its end", timeoutMs: 240_000, intervalMs: 500 });
}

/** What stands under the last cell with that source. */
async function outputOf(page: Page, source: string): Promise<string> {
  const cell = page.locator(".jp-Notebook .jp-CodeCell", { has: page.locator(".cm-content", { hasText: source }) }).last();
  return await cell.locator(".jp-OutputArea").innerText();
}

async function takePicture(page: Page): Promise<void> {
  fs.mkdirSync(ARTIFACTS, { recursive: true });
  await page.locator('.jp-SideBar .lm-TabBar-tab[data-id="filebrowser"]').click();
  await page.locator(".jp-Notebook p", { hasText: "And about itself" }).scrollIntoViewIfNeeded();
  await page.screenshot({ path: path.join(ARTIFACTS, "4-chat.png") });
}
