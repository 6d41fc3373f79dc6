import { downloadModel } from "kafka-llm-chat/internal/model/downloadModel.js";

/** A process that downloads a model: what a test starts to kill it, or to have two at once. Prints one JSON line an event. */
const [endpoint, modelsDirectory] = process.argv.slice(2) as [string, string];
const print = (event: unknown): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

const download = downloadModel({
  title: "acme/tiny", source: { kind: "hub", repository: "acme/tiny", file: "tiny.gguf", revision: "main" },
  sizeBytes: undefined, sha256: undefined, licence: undefined, contextSize: 512, sequences: 1,
}, {
  modelsDirectory, connection: { endpoint, token: undefined },
  memory: { total: 1e12, free: 1e12, gpuTotal: 0, gpuFree: 0 },
  firstPauseMs: 5,
  onProgress: ({ done }) => print({ done }),
});
await download.then(({ path, sha256 }) => print({ path, sha256 }), (error: Error) => print({ error: error.message }));
