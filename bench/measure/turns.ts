import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { type Chat, type ChatNodeLlamaCpp, PERSONA } from "kafka-llm-chat";

/** Milliseconds of one turn, from the question on. */
export interface Turn {
  firstText: number;
  /** The last piece, and for a turn through Kafka the committed reply. */
  lastText: number;
  whole: number;
}

/** A turn with the model in this process: what a program without Kafka gets. */
export async function directTurn(model: ChatNodeLlamaCpp, question: string): Promise<Turn> {
  const started = performance.now();
  let firstText = 0;
  let lastText = 0;
  for await (const chunk of await model.stream([new SystemMessage(PERSONA), new HumanMessage(question)])) {
    if (chunk.text === "") continue;
    lastText = performance.now() - started;
    firstText ||= lastText;
  }
  return { firstText, lastText, whole: performance.now() - started };
}

/** A turn through Kafka: say() to the committed reply. */
export async function kafkaTurn(chat: Chat, question: string): Promise<Turn> {
  const started = performance.now();
  let firstText = 0;
  let lastText = 0;
  await chat.say(question, {
    onText: () => {
      lastText = performance.now() - started;
      firstText ||= lastText;
    },
  });
  return { firstText, lastText, whole: performance.now() - started };
}
