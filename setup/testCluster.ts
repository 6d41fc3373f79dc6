import { runTests } from "./testing/runTests.js";

const HELP = `Usage: npm run test:cluster [-- part of a file's name ...]

  Tests that npm test leaves out: a chat on a broker with TLS, SASL PLAIN and SCRAM; on a broker that is away for a minute, frozen or
  killed; and on three brokers with replication 3, each of which is killed once while people talk. All brokers run on this
  machine; about seven minutes, 2 GB of memory.
`;

/**
 * `npm run test:cluster`: chats on a broker that wants TLS and a password, on one that is away for a minute, and on three of which some are killed.
 * @param argv only files whose name contains one of these; none: all
 * @returns the exit code
 */
export async function main(argv: string[]): Promise<number> {
  if (argv.includes("--help")) {
    console.log(HELP);
    return 0;
  }
  return runTests({ ending: ".cluster.ts", logs: "test-cluster", sharedBroker: false }, argv);
}
