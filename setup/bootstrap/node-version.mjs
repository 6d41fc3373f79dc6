// @ts-check
// Runs on old Nodes too: bare module names, no new syntax.
import { readFileSync } from "fs";

/**
 * What is wrong with a version of Node: undefined when it will do.
 * @param {string} version as in process.version: "v20.19.0"
 * @param {string} executable where that Node is
 * @param {string} range as in package.json's engines.node, which is the default
 * @returns {string | undefined}
 */
export function nodeProblem(version, executable, range = engines()) {
  if (range.split("||").some((part) => part.trim().split(/\s+/).every((bound) => holds(version, bound)))) {
    return undefined;
  }
  return [
    `Node ${version} is not supported: this needs Node ${range.split("||").map(lowest).join(" or ")}.`,
    `  The Node that ran: ${executable}`,
    "  What to do: install Node 22 or 24 from https://nodejs.org/en/download (or: nvm install 24), then run the command again.",
  ].join("\n");
}

/** @returns {string} */
function engines() {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).engines.node;
}

/** ">=20.19.0 <21" is told as "20.19+". @param {string} part */
function lowest(part) {
  return part.trim().replace(/\s.*$/, "").replace(/^>=/, "").replace(/(\.0)+$/, "") + "+";
}

/** @param {string} version @param {string} bound ">=20.19.0" or "<21" */
function holds(version, bound) {
  const order = compare(numbers(version), numbers(bound));
  return bound.startsWith(">=") ? order >= 0 : order < 0;
}

/** @param {string} text */
function numbers(text) {
  return text.replace(/^[^0-9]+/, "").split(".").map((part) => parseInt(part, 10));
}

/** @param {number[]} a @param {number[]} b */
function compare(a, b) {
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] || 0) - (b[i] || 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
