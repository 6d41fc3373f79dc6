import fs from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Where Chrome and Chromium install themselves. */
const INSTALLED = [
  "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/**
 * The program of a browser: on x64 Linux the one that comes from npm, elsewhere an installed one. It is unpacked into TMPDIR.
 * @returns undefined where there is none
 */
export async function browserProgram(): Promise<string | undefined> {
  if (process.platform === "linux" && process.arch === "x64") {
    const { default: packed } = await import("@sparticuz/chromium");
    return await packed.executablePath();
  }
  return INSTALLED.find((file) => fs.existsSync(file));
}

export async function openBrowser(executablePath: string): Promise<Browser> {
  return await chromium.launch({ executablePath, headless: true, args: FLAGS });
}
