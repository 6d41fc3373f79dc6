// @ts-check
// The entry of every npm script: node setup/run.mjs <command> [arguments]
// Nothing is imported before the check of Node's version, so that an old Node says what it lacks.
import { nodeProblem } from "./bootstrap/node-version.mjs";

const problem = nodeProblem(process.version, process.execPath);
if (problem === undefined) {
  void import("./bootstrap/main.mjs").then(({ main }) => main(process.argv.slice(2)));
} else {
  console.error(problem);
  process.exitCode = 1;
}
