import { parseArgs } from "node:util";
import { findKafka, stopKafka, type RunningKafka } from "../kafka/findKafka.js";
import type { KafkaMode } from "../kafka/kafkaRelease.js";
import { startKafka } from "../kafka/startKafka.js";
import { interruptible } from "./interruptible.js";
import { progressLine } from "./progressLine.js";

const HELP = `Usage: npm run kafka -- start | stop | status [--port 9092] [--mode kraft|zookeeper]

  start    starts a local Kafka broker that goes on running, and waits until it is ready
  stop     stops it; its data stays
  status   tells whether it runs: exit code 0 if it does, 3 if not

  --port   default: KAFKA_PORT or 9092
  --mode   kraft (default): the newest Kafka; zookeeper: Kafka 3.9 with ZooKeeper
`;

/**
 * `npm run kafka`: starts, stops or finds the local broker. Prints one line.
 * @returns The exit code: 0 done or running, 3 not running (status), 2 wrong usage, 1 failed, 130 interrupted.
 */
export async function main(argv: string[]): Promise<number> {
  const usage = readArguments(argv);
  if (typeof usage === "string") {
    console.error(`${usage}\n\n${HELP}`);
    return 2;
  }
  const { action, port, mode } = usage;
  try {
    if (action === "help") console.log(HELP);
    if (action === "start") return await start(port, mode);
    if (action === "stop") console.log((await stopKafka({ port })) ? "Kafka stopped" : "Kafka does not run");
    if (action === "status") return await status(port);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

async function start(port: number | undefined, mode: KafkaMode | undefined): Promise<number> {
  const kafka = await interruptible(async (signal) => {
    const started = await startKafka({ port, mode, keep: true, signal, onProgress: progressLine() });
    await started.keep();
    return started;
  });
  if (kafka === undefined) {
    console.error("Interrupted: nothing of it runs");
    return 130;
  }
  console.log(describe(kafka));
  return 0;
}

async function status(port: number | undefined): Promise<number> {
  const kafka = await findKafka({ port });
  console.log(kafka === undefined ? "Kafka does not run" : describe(kafka));
  return kafka === undefined ? 3 : 0;
}

function describe({ mode, version, brokers, pid, logFile, dataDirectory }: RunningKafka): string {
  const name = mode === "kraft" ? "KRaft" : "ZooKeeper";
  return `Kafka ${version} (${name}) runs on ${brokers.join(", ")}, pid ${pid}, log ${logFile}, data ${dataDirectory}`;
}

interface Usage {
  action: "start" | "stop" | "status" | "help";
  port: number | undefined;
  mode: KafkaMode | undefined;
}

/** What is asked for, or what is wrong with it. */
function readArguments(args: string[]): Usage | string {
  try {
    const { values, positionals } = parseArgs({
      args, allowPositionals: true,
      options: { port: { type: "string" }, mode: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536)) return `--port is "${values.port ?? ""}", but a port is a whole number from 1 to 65535`;
    const { mode } = values;
    if (mode !== undefined && mode !== "kraft" && mode !== "zookeeper") return `--mode is "${mode}", but it is kraft or zookeeper`;
    const [action, ...rest] = values.help === true ? ["help"] : positionals;
    if (rest.length > 0 || (action !== "start" && action !== "stop" && action !== "status" && action !== "help")) {
      return `What to do is "${positionals.join(" ")}", but it is start, stop or status`;
    }
    return { action, port, mode };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
