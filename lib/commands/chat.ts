import readline from "node:readline";
import { parseArgs } from "node:util";
import { cancelReplies } from "../chat/cancelReplies.js";
import type { Chat } from "../chat/Chat.js";
import { openChat } from "../chat/openChat.js";
import { GREETING } from "../chat/prompt.js";
import { readSettings } from "../settings.js";
import { ensureLocalKafka } from "./ensureLocalKafka.js";
import { interruptible } from "./interruptible.js";
import { standIn } from "./standIn.js";
import { Terminal } from "./Terminal.js";

const HELP = `Usage: npm run chat [-- --conversation ID | --cancel ID]

  The person's side: what you type goes to the topic "chat", and the reply comes from there while it is written.
  From a pipe it says one line after the other and prints the replies:  printf 'Hello\\n' | npm run --silent chat
  Ctrl+C while a reply is written cancels it; else it ends, as Ctrl+D does.

  --conversation ID   goes on with a conversation. Default: a new one
  --cancel ID         cancels what is being answered in a conversation, wherever it was asked and is answered, and
                      says nothing itself. What was written until then becomes the reply

Starts the local broker if none runs, and an assistant in this process if the group has none; not with --cancel.
`;

/** `npm run chat`. @returns The exit code: 0, or 1 when a message got no real reply, or nothing could be cancelled. */
export async function main(argv: string[]): Promise<number> {
  const { values: { help, conversation, cancel } } = parseArgs({
    args: argv, options: { help: { type: "boolean", short: "h" }, conversation: { type: "string" }, cancel: { type: "string" } },
  });
  if (help) {
    console.log(HELP);
    return 0;
  }
  if (cancel !== undefined) return cancelIn(cancel);
  const settings = readSettings();
  const interactive = process.stdin.isTTY && process.stdout.isTTY;
  let terminal: Terminal | undefined;
  const tell = (text: string): void => (terminal === undefined ? console.error(text) : terminal.notice(text));
  if (await interruptible((signal) => ensureLocalKafka(settings, signal)) === undefined) {
    console.error("Interrupted");
    return 130;
  }
  const own = await standIn(settings, tell);
  const chat = await openChat({
    settings,
    ...(conversation === undefined ? {} : { conversation }),
    onText: (text) => (terminal === undefined ? process.stdout.write(text) : terminal.write(text)),
    onRestart: () => terminal?.notice("(another assistant begins the reply again)"),
    onNotice: tell,
  });
  try {
    if (conversation === undefined) await chat.greet();
    if (!interactive) return await readPipe(chat);
    console.error(`Conversation ${chat.conversation}. Ctrl+C cancels a reply, Ctrl+D ends.`);
    if (conversation === undefined) console.log(`Marvin: ${GREETING}`);
    let wish: AbortController | undefined;
    const onInterrupt = (): void => (wish === undefined ? terminal?.close() : wish.abort());
    terminal = new Terminal({ prompt: "You: ", onInterrupt });
    // After Ctrl+D while a reply is written, Ctrl+C is a signal like any other.
    process.on("SIGINT", onInterrupt).on("SIGTERM", onInterrupt);
    for (let line = await terminal.ask(); line !== undefined; line = await terminal.ask()) {
      if (line.trim() === "") continue;
      wish = new AbortController();
      terminal.write("Marvin: ");
      await say(chat, line, wish.signal, (text) => terminal?.write(text), tell);
      wish = undefined;
    }
    console.log();
    return 0;
  } finally {
    terminal?.close();
    await chat.stop();
    await own.stop();
  }
}

async function cancelIn(conversation: string): Promise<number> {
  const wishes = await cancelReplies({ conversation });
  if (wishes.length === 0) console.error(`Nothing is being answered in conversation ${conversation}`);
  for (const { text, reply } of wishes) {
    if (reply === undefined) console.error(`No assistant has answered ${quote(text)} yet; one that starts within an hour will not.`);
    else if (reply.cancelled) console.log(`Cancelled the reply to ${quote(text)}. It is: ${reply.text === "" ? "(nothing was written)" : reply.text}`);
    else console.error(`The reply to ${quote(text)} was finished before the wish to cancel it came. It is: ${reply.text}`);
  }
  return wishes.length > 0 && wishes.every(({ reply }) => reply?.cancelled) ? 0 : 1;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

async function readPipe(chat: Chat): Promise<number> {
  let failed = false;
  const cancel = new AbortController();
  // Not once: under npm one Ctrl+C arrives twice.
  process.on("SIGINT", () => cancel.abort()).on("SIGTERM", () => cancel.abort());
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (cancel.signal.aborted) return 130;
    if (line.trim() !== "" && !await say(chat, line, cancel.signal, (text) => process.stdout.write(text), console.error)) failed = true;
  }
  return failed ? 1 : 0;
}

/** Says one line; its reply ends with a line break. */
async function say(chat: Chat, text: string, signal: AbortSignal, write: (text: string) => void, tell: (text: string) => void): Promise<boolean> {
  try {
    const { cancelled, error } = await chat.say(text, { signal });
    write(cancelled ? " (cancelled)\n" : "\n");
    return error === undefined;
  } catch (error) {
    tell((error as Error).message);
    return false;
  }
}
