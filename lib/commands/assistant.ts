import { parseArgs } from "node:util";
import type { AssistantEvent } from "../chat/AssistantEvent.js";
import { pacedModel } from "../chat/pacedModel.js";
import { startAssistant } from "../chat/startAssistant.js";
import { ensureLocalKafka } from "./ensureLocalKafka.js";
import { ChatNodeLlamaCpp } from "../model/ChatNodeLlamaCpp.js";
import { loadModel } from "../model/loadModel.js";
import type { Progress } from "../progress.js";
import { readSettings } from "../settings.js";
import { progressLine } from "./progressLine.js";
import { untilSignal } from "./untilSignal.js";

const HELP = `Usage: npm run assistant [-- [--quiet] [--worker NAME] [--pace TOKENS]]

  One assistant in the foreground: a consumer in the group "aichat" that answers the messages in the topic "chat".
  Start as many as the topic has partitions, in as many terminals. Prints "assistant ready" when its partitions are assigned.
  Ctrl+C or SIGTERM: finishes what is being written, commits, and leaves the group. Twice: leaves at once.

  --quiet         prints no messages, only what concerns the assistant itself
  --worker NAME   its name in the headers of its replies. Default: host, process id and a random part
  --pace TOKENS   writes at most so many tokens a second: a teaching aid, so that one sees it write, and can kill it meanwhile

Starts the local broker if none runs, unless KAFKA_BROKERS names a cluster. CHAT_MODEL names the model, CHAT_TOPIC the topic.
`;

/** Time for the replies that are being written when the assistant is asked to leave, in milliseconds. */
export const DRAIN_LIMIT_MS = 30_000;

/** What an assistant tells whoever has started it. */
export type AssistantNews =
  | AssistantEvent
  | { type: "ready"; worker: string }
  /** The download of the model gets on, or is tried again. */
  | { type: "download"; progress: Progress }
  | { type: "notice"; text: string };

/**
 * `npm run assistant`.
 * @param tell gets what is printed, for a program.
 * @returns The exit code.
 */
export async function main(argv: string[], tell: (news: AssistantNews) => void = () => undefined): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: { help: { type: "boolean", short: "h" }, quiet: { type: "boolean" }, worker: { type: "string" }, pace: { type: "string" } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const pace = readPace(values.pace);
  const settings = readSettings();
  const asked = untilSignal();
  await ensureLocalKafka(settings, asked.signal);
  const line = progressLine();
  const model = await loadModel({
    model: settings.chatModel, signal: asked.signal,
    onProgress: (progress) => {
      line(progress);
      tell({ type: "download", progress });
    },
    onNotice: (text) => {
      console.error(text);
      tell({ type: "notice", text });
    },
  });
  console.log(`${model.title} on ${model.runsOn}, ${model.sequences.size} conversations at once, context of ${model.contextSize} tokens`);
  const llm = new ChatNodeLlamaCpp({ model });
  const print = printer(values.quiet ?? false);
  const assistant = await startAssistant({
    settings,
    model: pace === undefined ? llm : pacedModel(llm, pace),
    ...(values.worker === undefined ? {} : { worker: values.worker }),
    onEvent: (event) => {
      print(event);
      tell(event);
    },
  });
  console.log("assistant ready");
  tell({ type: "ready", worker: assistant.worker });
  await asked.first;
  console.log("Finishing what is being written; Ctrl+C again leaves at once");
  await Promise.race([assistant.stop(DRAIN_LIMIT_MS), asked.second]);
  if (!asked.isSecond()) await model.dispose();
  console.log("assistant stopped");
  return 0;
}

function readPace(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const pace = Number(value);
  if (pace > 0 && Number.isFinite(pace)) return pace;
  throw new Error(`--pace is "${value}", but it is a number of tokens a second, above 0`);
}

function printer(quiet: boolean): (event: AssistantEvent) => void {
  return (event) => {
    if (event.type === "assigned") console.log(`Partitions ${event.partitions.join(", ") || "none"}`);
    else if (event.type === "trouble" || event.type === "warning") console.error(event.message);
    else if (event.type === "bad-record") console.log(`Partition ${event.partition}, offset ${event.offset}: no message (${event.reason}), put into the error topic`);
    else if (quiet) return;
    else if (event.type === "question") console.log(`${event.conversation} human: ${event.text}`);
    else console.log(`${event.conversation} AI${event.cancelled ? " (cancelled)" : ""}${event.error === undefined ? "" : ` (${event.error})`}: ${event.text}`);
  };
}
