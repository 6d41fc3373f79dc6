import { main as lint } from "./lint.js";
import { runTests } from "./testing/runTests.js";

/**
 * `npm test`: lint, then every file of tests one after the other, with one broker for all.
 * @param argv only files whose name contains one of these, and no lint; none: everything
 * @returns the exit code
 */
export async function main(argv: string[]): Promise<number> {
  return runTests({ ending: ".test.ts", logs: "test", sharedBroker: true, ...(argv.length === 0 ? { first: () => lint([]) } : {}) }, argv);
}
