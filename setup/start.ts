import { parseArgs } from "node:util";
import { stopUnkept } from "kafka-llm-chat/internal/kafka/findKafka.js";
import { SetupError } from "./bootstrap/stage.mjs";
import { nextSignal } from "./nextSignal.js";
import { startJupyterLab, type RunningJupyterLab } from "./jupyter/startJupyterLab.js";
import { readContext } from "./stages/context.js";

const HELP = `npm start [-- [--port N] [--address A] [--no-browser]]

Opens JupyterLab on the notebooks, and installs first what is missing. Ctrl+C stops it, and a Kafka broker that a
notebook has started meanwhile; not one that a command has started (npm run kafka, chat, assistant). Where another
npm start has JupyterLab open already, this one says where, and ends.

  --port N       listen there; default: 8888, or the next port that is free
  --address A    of this machine, to listen on; default: 127.0.0.1, so that no other machine reaches it
  --no-browser   only print the address
  --help         this text`;

/**
 * `npm start`.
 * @returns the exit code: 0 when it was stopped, or another one has JupyterLab open; 1 when JupyterLab ended by itself
 */
export async function main(argv: string[]): Promise<number> {
  const options = parse(argv);
  if (options === undefined) {
    console.log(HELP);
    return 0;
  }
  const stopped = nextSignal();
  const context = readContext();
  const jupyter = await startJupyterLab(context, { ...options, signal: stopped.signal }).catch((error: unknown) => {
    if (stopped.signal.aborted) return undefined;
    throw error;
  });
  if (jupyter === undefined) return 0;
  if (jupyter.ownedBy !== undefined) {
    console.log(`JupyterLab runs already: ${jupyter.url}\nAnother \`npm start\` has it open (process ${jupyter.ownedBy}); Ctrl+C there stops it.`);
    return 0;
  }
  if (context.settings.jupyter.colab) console.log(`For Colab's "Connect to a local runtime": ${colabAddress(jupyter)}`);
  console.log(`JupyterLab ${jupyter.reused ? "runs already" : "is ready"}: ${jupyter.url}\nCtrl+C stops it.`);

  const ended = await Promise.race([stopped.promise, jupyter.ended]);
  if (ended !== "ended") {
    console.error("Stopping JupyterLab and its kernels (Ctrl+C again ends them at once) ...");
    // At once: a container that is stopped has 10 s.
    await Promise.all([Promise.race([jupyter.stop(), nextSignal(1_000).promise.then(() => jupyter.kill())]), stopKafka(jupyter)]);
  } else {
    await Promise.all([jupyter.kill(), stopKafka(jupyter)]);
    console.error(`JupyterLab ended by itself. The last lines of ${jupyter.logFile}:\n${await jupyter.logTail()}`);
  }
  // One that became ready meanwhile.
  await stopKafka(jupyter);
  return ended === "ended" ? 1 : 0;
}

/** As Colab's documentation has it: the name localhost, and the token. */
function colabAddress({ url }: RunningJupyterLab): string {
  const { port, search } = new URL(url);
  return `http://localhost:${port}/${search}`;
}

/** A broker outlives the notebook that started it, but not the JupyterLab; what a command has started is left alone. */
async function stopKafka({ kafkaBefore }: RunningJupyterLab): Promise<void> {
  for (const port of await stopUnkept({ except: kafkaBefore })) {
    console.error(`Stopped Kafka on port ${port}, which a notebook had started; its topics are kept.`);
  }
}

function parse(argv: string[]): { port: number | undefined; address: string; browser: boolean } | undefined {
  try {
    const { values } = parseArgs({ args: argv, options: { port: { type: "string" }, address: { type: "string" }, "no-browser": { type: "boolean" }, help: { type: "boolean" } } });
    if (values.help === true) return undefined;
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536)) {
      throw new Error(`--port ${values.port ?? ""}: a port is a whole number from 1 to 65535`);
    }
    return { port, address: values.address ?? "127.0.0.1", browser: values["no-browser"] !== true };
  } catch (error) {
    throw new SetupError(`${(error as Error).message}\n\n${HELP}`);
  }
}
