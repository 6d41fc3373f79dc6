import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { type Chat, type ChatNodeLlamaCpp, PERSONA } from "kafka-llm-chat";

/** Milliseconds of one turn, from the question on; and the speed of the generation, in tokens a second. */
export interface Turn {
  firstText: number;
  lastText: number;
  /** For a turn through Kafka: the committed reply. */
  whole: number;
  tokensPerSecond: number | undefined;
  /** What the whole took beyond the model's own work. */
  overhead: number;
}

/** A turn with the model in this process: what a program without Kafka gets. */
export async function directTurn(model: ChatNodeLlamaCpp, question: string): Promise<Turn> {
  const clock = new TextClock();
  let facts: Record<string, unknown> = {};
  for await (const chunk of await model.stream([new SystemMessage(PERSONA), new HumanMessage(question)])) {
    if (chunk.text !== "") clock.text();
    facts = { ...facts, ...chunk.response_metadata };
  }
  return clock.turn(facts);
}

/** A turn through Kafka: say() to the committed reply. */
export async function kafkaTurn(chat: Chat, question: string): Promise<Turn> {
  const clock = new TextClock();
  const reply = await chat.say(question, { onText: () => clock.text() });
  if (reply.error !== undefined) throw new Error(`No reply to "${question}": ${reply.text}`);
  return clock.turn(reply.timings);
}

class TextClock {
  private readonly started = performance.now();
  private first: number | undefined;
  private last = 0;

  text(): void {
    this.last = performance.now() - this.started;
    this.first ??= this.last;
  }

  turn({ tokensPerSecond, totalMs }: Record<string, unknown>): Turn {
    const whole = performance.now() - this.started;
    return {
      firstText: this.first ?? whole, lastText: this.last, whole, overhead: whole - Number(totalMs),
      tokensPerSecond: typeof tokensPerSecond === "number" ? tokensPerSecond : undefined,
    };
  }
}
