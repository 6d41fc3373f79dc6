import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { type ChatNodeLlamaCpp, PERSONA } from "kafka-llm-chat";

const QUESTIONS = ["What is a topic?", "What is Kafka?", "What is an offset?", "What is a consumer group?", "What is GGUF?", "What is a broker?"];

/** Tokens that one conversation gets in a second, the prompt's time included. */
export async function tokensPerSecond(model: ChatNodeLlamaCpp): Promise<number> {
  let tokens = 0;
  let ms = 0;
  for (const question of QUESTIONS) {
    const { response_metadata: facts } = await model.invoke([new SystemMessage(PERSONA), new HumanMessage(question)]);
    tokens += Number(facts["replyTokens"]);
    ms += Number(facts["totalMs"]);
  }
  return tokens / ms * 1000;
}
