import path from "node:path";
import { kafkaFiles } from "kafka-llm-chat/internal/kafka/kafkaFiles.js";
import type { OnProgress } from "kafka-llm-chat/internal/progress.js";
import { needDisk } from "../bootstrap/disk.mjs";
import { failure } from "../bootstrap/run-logged.mjs";
import { SetupError, type Stage } from "../bootstrap/stage.mjs";
import type { Context } from "./context.js";

/** Kafka's jars. */
const DISK = 0.1e9;

/** The jars of the local broker, where lib looks for them. */
export function kafkaStage({ state, settings }: Context): Stage {
  const jarsDirectory = path.join(state, "kafka");
  return {
    name: "Kafka",
    doing: "jars from Maven Central, 45 MB",
    // A signal that is aborted already: it succeeds if nothing is to be fetched.
    ready: () => kafkaFiles("kraft", settings, { jarsDirectory, signal: AbortSignal.abort() }).then(() => true, () => false),
    // Several may fetch at once, so that nobody need wait.
    locked: (work) => work(),
    work: async (update) => {
      needDisk(state, DISK, "Kafka");
      const onProgress: OnProgress = ({ what, done, total }) => update(`${what}: ${megabytes(done)} of ${megabytes(total ?? done)} MB`);
      await kafkaFiles("kraft", settings, { jarsDirectory, onProgress }).catch((error: unknown) => {
        if (settings.kafkaHome !== undefined) throw new SetupError((error as Error).message);
        throw new SetupError(failure("Kafka's jars could not be fetched", allCauses(error)));
      });
    },
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** fetch() says only "fetch failed"; what its causes say is what counts. */
function allCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? ` (${String(error.code)})` : "";
  return [error.message + code, ...(error.cause === undefined ? [] : [allCauses(error.cause)])].join("\n");
}
