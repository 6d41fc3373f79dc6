import { buildPrompt, type ChatNodeLlamaCpp, GREETING, MEMORY_TOKENS, PERSONA } from "kafka-llm-chat";
import { type Memory, remember, toMessages, type Trim, trimmer } from "kafka-llm-chat/internal/chat/Memory.js";

/** A reply, and all that was said before it. */
export interface Said {
  question: string;
  reply: string;
  earlier: string[];
  /** Whether the model ended by itself. */
  ended: boolean;
}

/** One conversation as the assistant leads it: persona, greeting, a memory of 300 tokens, trimmed as it does. */
export class Talk {
  readonly said: Said[] = [];
  private memory: Memory = remember(undefined, { offset: 0n, identity: "0", messages: [{ id: "0", role: "AI", text: GREETING, offset: 0n }] });
  private offset = 1n;
  private readonly trim: Trim;

  /** The replies are drawn with `firstSeed` and the numbers after it: with one seed for all, one unlucky first draw would hit every reply. It also names the conversation: no two talks share it. */
  constructor(private readonly model: ChatNodeLlamaCpp, private readonly firstSeed: number) {
    this.trim = trimmer(MEMORY_TOKENS, (text) => model.countTokens(text));
  }

  async say(question: string): Promise<string> {
    const history = toMessages(this.memory);
    const prompt = await buildPrompt({ persona: PERSONA, history, input: question });
    const reply = await this.model.invoke(prompt, { conversation: `evaluation ${this.firstSeed}`, seed: this.firstSeed + this.said.length });
    this.said.push({ question, reply: reply.text, earlier: history.map(({ text }) => text), ended: reply.response_metadata["stopReason"] === "eogToken" });
    const offset = this.offset++;
    const id = offset.toString();
    this.memory = await this.trim(remember(this.memory, {
      offset, identity: id, messages: [{ id, role: "human", text: question, offset }, { id: `re ${id}`, role: "AI", text: reply.text, offset }],
    }));
    return reply.text;
  }
}
