// A chat as a program of its own, with the settings of its environment: says one thing, prints the reply or the error as JSON.
import { openChat, startAssistant } from "kafka-llm-chat";
import { simulatedModel } from "../chaos/simulatedModel.js";

/** What the program prints. */
export interface ChatOutcome {
  reply?: string;
  /** Of the person's side and of the assistant: how it failed, after how many milliseconds. */
  failures: { side: "chat" | "assistant"; name: string; message: string; ms: number }[];
}

const outcome: ChatOutcome = { failures: [] };
const assistant = await attempt("assistant", () => startAssistant({ model: simulatedModel(5) }));
const chat = await attempt("chat", () => openChat());
if (chat !== undefined && assistant !== undefined) outcome.reply = (await chat.say("0 of a secret")).text;
await Promise.all([chat?.stop(), assistant?.stop()]);
console.log(JSON.stringify(outcome));

async function attempt<T>(side: "chat" | "assistant", open: () => Promise<T>): Promise<T | undefined> {
  const begun = performance.now();
  try {
    return await open();
  } catch (error) {
    const { name, message } = error as Error;
    outcome.failures.push({ side, name, message, ms: Math.round(performance.now() - begun) });
    return undefined;
  }
}
