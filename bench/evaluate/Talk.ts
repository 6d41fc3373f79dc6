import { AIMessage, type BaseMessage, HumanMessage, trimMessages } from "@langchain/core/messages";
import { buildPrompt, type ChatNodeLlamaCpp, GREETING, MEMORY_TOKENS, PERSONA } from "kafka-llm-chat";

/** A reply, and all that was said before it. */
export interface Said {
  question: string;
  reply: string;
  earlier: string[];
  /** Whether the model ended by itself. */
  ended: boolean;
}

let talks = 0;

/** One conversation as the assistant leads it: persona, greeting, a memory of 300 tokens. */
export class Talk {
  readonly said: Said[] = [];
  private history: BaseMessage[] = [new AIMessage(GREETING)];
  private readonly conversation = `evaluation ${talks++}`;

  constructor(private readonly model: ChatNodeLlamaCpp, private readonly seed: number) {}

  async say(question: string): Promise<string> {
    const earlier = this.history.map(({ text }) => text);
    const prompt = await buildPrompt({ persona: PERSONA, history: this.history, input: question });
    const reply = await this.model.invoke(prompt, { conversation: this.conversation, seed: this.seed });
    this.said.push({ question, reply: reply.text, earlier, ended: reply.response_metadata["stopReason"] === "eogToken" });
    this.history = await trimMessages([...this.history, new HumanMessage(question), reply], {
      maxTokens: MEMORY_TOKENS, strategy: "last",
      tokenCounter: (messages: BaseMessage[]) => messages.reduce((sum, { text }) => sum + this.model.countTokens(text), 0),
    });
    return reply.text;
  }
}
