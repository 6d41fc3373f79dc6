import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { type Chat, type ChatNodeLlamaCpp, PERSONA } from "kafka-llm-chat";

/** Replies a second of `atOnce` conversations, each asking the next question as soon as it has its reply. */
export async function directThroughput(model: ChatNodeLlamaCpp, questions: string[], atOnce: number): Promise<number> {
  return perSecond(questions, atOnce, async (question, conversation) => {
    await model.invoke([new SystemMessage(PERSONA), new HumanMessage(question)], { conversation: `c${conversation}` });
  });
}

export async function kafkaThroughput(chats: Chat[], questions: string[]): Promise<number> {
  return perSecond(questions, chats.length, async (question, conversation) => {
    await (chats[conversation] as Chat).say(question);
  });
}

async function perSecond(questions: string[], atOnce: number, ask: (question: string, conversation: number) => Promise<void>): Promise<number> {
  const started = performance.now();
  const left = [...questions];
  await Promise.all(Array.from({ length: atOnce }, async (_, conversation) => {
    for (let question = left.shift(); question !== undefined; question = left.shift()) await ask(question, conversation);
  }));
  return questions.length / ((performance.now() - started) / 1000);
}
