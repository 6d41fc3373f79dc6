import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { readSettings } from "kafka-llm-chat";
import { ownBroker } from "../support/testCluster.js";
import { faultsOf, runChaos } from "./runChaos.js";

const HELP = `Usage: npm run chaos [-- options]

  People talk while assistants, and now and then the broker, are killed (SIGKILL) or stopped for longer than the session
  timeout, at random moments. Then the whole log is read and counted: lost, doubled, out of order, mixed memories, torn.

  --blows N        default 200
  --seed N         makes the same moments again (not the same timing of the machine). Default: a new one, which is printed
  --assistants N   at a time, default 3
  --conversations N  default 12
  --broker-kills F   share of the blows that kill the broker, default 0.05
  --unfenced       switches the lock of the partitions off, to show that the counting finds what goes wrong
`;

/** `npm run chaos`. @returns 0 when nothing was found, 1 otherwise. */
export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      help: { type: "boolean", short: "h" }, blows: { type: "string", default: "200" }, seed: { type: "string" }, assistants: { type: "string", default: "3" },
      conversations: { type: "string", default: "12" }, "broker-kills": { type: "string", default: "0.05" }, unfenced: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  const log: string[] = [];
  const logFile = path.join(readSettings().stateDirectory, "log", `chaos-${seed}.log`);
  console.log(`seed ${seed}`);
  const broker = await ownBroker();
  let faults: number | undefined;
  try {
    const report = await runChaos({
      broker, seed, blows: Number(values.blows), assistants: Number(values.assistants), conversations: Number(values.conversations), fenced: !values.unfenced,
      stalls: values.unfenced ? 0.5 : 0.2, brokerKills: values.unfenced ? 0 : Number(values["broker-kills"]),
      onLine: (line) => {
        log.push(`${new Date().toISOString()} ${line}`);
        if (line.startsWith("blow")) process.stdout.write(`\r${line.padEnd(80)}`);
      },
    });
    console.log();
    const { details, ...figures } = report;
    console.table(figures);
    for (const detail of details.slice(0, 20)) console.log(detail);
    faults = faultsOf(report);
    console.log(faults === 0 ? "Every message was answered exactly once, in order, from its own memory." : `${faults} faults; what the assistants said: ${logFile}; the broker's data: ${broker.directory}`);
    return faults === 0 ? 0 : 1;
  } finally {
    await broker.stop({ keepData: faults !== 0 });
    await mkdir(path.dirname(logFile), { recursive: true });
    await writeFile(logFile, `${log.join("\n")}\n`);
  }
}
