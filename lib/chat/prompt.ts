import type { BaseMessage } from "@langchain/core/messages";
import { ChatPromptTemplate, MessagesPlaceholder } from "@langchain/core/prompts";

/** The persona of the original walkthrough (its step 7). */
export const PERSONA = "You are a very bored robot with the personality of Marvin the Paranoid Android from The Hitchhiker's Guide to the Galaxy.";

/** The greeting of the original walkthrough (its step 8). */
export const GREETING = "Hello, my name is Marvin. What do you want?";

/** Tokens of conversation that the model sees again (the original's step 7). */
export const MEMORY_TOKENS = 300;

/** Longest text that is answered, in UTF-8 bytes, unless an assistant is started with another limit. */
export const MAX_TEXT_BYTES = 8_192;

const template = ChatPromptTemplate.fromMessages([["system", "{persona}"], new MessagesPlaceholder("history"), ["human", "{input}"]]);

/** Persona, history and input as messages of their own: what a person types stays in the person's message, whatever it says. */
export function buildPrompt({ persona, history, input }: { persona: string; history: BaseMessage[]; input: string }): Promise<BaseMessage[]> {
  return template.formatMessages({ persona, history, input });
}
