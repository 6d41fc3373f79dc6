import readline from "node:readline";
import { parseArgs } from "node:util";
import type { Chat } from "../chat/Chat.js";
import { openChat } from "../chat/openChat.js";
import { GREETING } from "../chat/prompt.js";
import { readSettings } from "../settings.js";
import { ensureLocalKafka } from "./ensureLocalKafka.js";
import { standIn } from "./standIn.js";

const HELP = `Usage: npm run chat [-- --conversation ID]

  The person's side: what you type goes to the topic "chat", and the reply comes from there while it is written.
  From a pipe it says one line after the other and prints the replies:  printf 'Hello\\n' | npm run --silent chat
  Ctrl+C while a reply is written cancels it; else it ends, as Ctrl+D does.

  --conversation ID   goes on with a conversation. Default: a new one

Starts the local broker if none runs, and an assistant in this process if the group has none.
`;

/** `npm run chat`. @returns The exit code: 0, or 1 when a message got no real reply. */
export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { help: { type: "boolean", short: "h" }, conversation: { type: "string" } } });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const settings = readSettings();
  const interactive = process.stdin.isTTY;
  await ensureLocalKafka(settings);
  const own = await standIn(settings);
  const chat = await openChat({
    settings,
    ...(values.conversation === undefined ? {} : { conversation: values.conversation }),
    onText: (text) => process.stdout.write(text),
    onRestart: () => process.stdout.write(interactive ? "\n(another assistant begins the reply again)\n" : ""),
    onNotice: (text) => console.error(text),
  });
  try {
    if (values.conversation === undefined) await chat.greet();
    return interactive ? await converse(chat, values.conversation === undefined) : await readPipe(chat);
  } finally {
    await chat.stop();
    await own.stop();
  }
}

async function converse(chat: Chat, isNew: boolean): Promise<number> {
  console.error(`Conversation ${chat.conversation}. Ctrl+C cancels a reply, Ctrl+D ends.`);
  if (isNew) console.log(`Marvin: ${GREETING}`);
  const terminal = readline.createInterface({ input: process.stdin, output: process.stdout, prompt: "You: " });
  let cancel: AbortController | undefined;
  terminal.on("SIGINT", () => (cancel === undefined ? terminal.close() : cancel.abort()));
  terminal.prompt();
  for await (const line of terminal) {
    if (line.trim() !== "") {
      cancel = new AbortController();
      process.stdout.write("Marvin: ");
      await say(chat, line, cancel.signal);
      cancel = undefined;
    }
    terminal.prompt();
  }
  console.log();
  return 0;
}

async function readPipe(chat: Chat): Promise<number> {
  let failed = false;
  const cancel = new AbortController();
  process.once("SIGINT", () => cancel.abort()).once("SIGTERM", () => cancel.abort());
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (cancel.signal.aborted) return 130;
    if (line.trim() !== "" && !await say(chat, line, cancel.signal)) failed = true;
  }
  return failed ? 1 : 0;
}

/** Says one line; its reply ends with a line break. */
async function say(chat: Chat, text: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { cancelled, error } = await chat.say(text, { signal });
    process.stdout.write(cancelled ? " (cancelled)\n" : "\n");
    return error === undefined;
  } catch (error) {
    console.error((error as Error).message);
    return false;
  }
}
