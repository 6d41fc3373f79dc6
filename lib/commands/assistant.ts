import { parseArgs } from "node:util";
import type { AssistantEvent } from "../chat/AssistantEvent.js";
import { startAssistant } from "../chat/startAssistant.js";
import { ensureLocalKafka } from "./ensureLocalKafka.js";
import { ChatNodeLlamaCpp } from "../model/ChatNodeLlamaCpp.js";
import { loadModel } from "../model/loadModel.js";
import { readSettings } from "../settings.js";
import { untilSignal } from "./untilSignal.js";

const HELP = `Usage: npm run assistant [-- --quiet]

  One assistant in the foreground: a consumer in the group "aichat" that answers the messages in the topic "chat".
  Start as many as the topic has partitions, in as many terminals. Prints "assistant ready" when its partitions are assigned.
  Ctrl+C or SIGTERM: finishes what is being written, commits, and leaves the group. Twice: leaves at once.

  --quiet   prints no messages, only what concerns the assistant itself

Starts the local broker if none runs, unless KAFKA_BROKERS names a cluster. CHAT_MODEL names the model, CHAT_TOPIC the topic.
`;

/** Time for the replies that are being written when the assistant is asked to leave, in milliseconds. */
const DRAIN_LIMIT_MS = 30_000;

/** `npm run assistant`. @returns The exit code. */
export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { help: { type: "boolean", short: "h" }, quiet: { type: "boolean" } } });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const settings = readSettings();
  const asked = untilSignal();
  await ensureLocalKafka(settings, asked.signal);
  const model = await loadModel({ model: settings.chatModel, signal: asked.signal });
  console.log(`${model.title} on ${model.device.backend}, ${model.sequences.size} conversations at once, context of ${model.contextSize} tokens`);
  const assistant = await startAssistant({ settings, model: new ChatNodeLlamaCpp({ model }), onEvent: print(values.quiet ?? false) });
  console.log("assistant ready");
  await asked.first;
  console.log("Finishing what is being written; Ctrl+C again leaves at once");
  await Promise.race([assistant.stop(DRAIN_LIMIT_MS), asked.second]);
  if (!asked.isSecond()) await model.dispose();
  console.log("assistant stopped");
  return 0;
}

function print(quiet: boolean): (event: AssistantEvent) => void {
  return (event) => {
    if (event.type === "assigned") console.log(describeAssignment(event.partitions));
    else if (event.type === "trouble") console.error(event.message);
    else if (event.type === "bad-record") console.log(`Partition ${event.partition}, offset ${event.offset}: no message (${event.reason}), put into the error topic`);
    else if (quiet) return;
    else if (event.type === "question") console.log(`${event.conversation} human: ${event.text}`);
    else console.log(`${event.conversation} AI${event.cancelled ? " (cancelled)" : ""}${event.error === undefined ? "" : ` (${event.error})`}: ${event.text}`);
  };
}

function describeAssignment(partitions: number[]): string {
  if (partitions.length > 0) return `Partitions ${partitions.join(", ")}`;
  return "No partition is left for this assistant: the group has more assistants than the topic has partitions. It waits for one to leave.";
}
