import type { LlamaModel, Token } from "node-llama-cpp";
import type { ChatTemplate, TemplateMessage } from "./ChatTemplate.js";
import { cutControlTokens, marksOf, tokenizePrompt } from "./controlTokens.js";
import { renderMessages } from "./renderMessages.js";
import { type ThoughtMarks, thoughtMarksOf } from "./ThoughtFilter.js";

export interface Prompt {
  /** As the template writes it, with control tokens. */
  text: string;
  tokens: Token[];
}

const SAMPLE: TemplateMessage[] = [{ role: "system", content: "a" }, { role: "user", content: "b" }, { role: "assistant", content: "c" }, { role: "user", content: "d" }];

/** Makes the prompt of a conversation: the tokens of the model's own template, in which what people write is text. */
export class PromptEncoder {
  private readonly marks: string[];

  /** How the model marks its thoughts; undefined if it has none. */
  readonly thoughts: ThoughtMarks | undefined;

  constructor(readonly template: ChatTemplate, private readonly model: LlamaModel) {
    this.thoughts = thoughtMarksOf(template.source);
    const { open, close } = this.thoughts ?? {};
    this.marks = [...marksOf(renderMessages(template, SAMPLE)), ...[open, close].filter((mark) => mark !== undefined)];
  }

  encode(messages: TemplateMessage[]): Prompt {
    const text = renderMessages(this.template, messages.map(({ role, content }) => ({ role, content: cutControlTokens(content, this.marks, this.model) })));
    const tokens = tokenizePrompt(text, this.model);
    const { bos, shouldPrependBosToken } = this.model.tokens;
    return { text, tokens: shouldPrependBosToken && bos !== null && tokens[0] !== bos ? [bos, ...tokens] : tokens };
  }

  /**
   * The prompt without as many of the oldest messages as it takes to keep to `limit` tokens; system messages and the last one stay.
   * In steps of a third of the limit: while a conversation grows by less than that, its prompt begins as before, and llama.cpp
   * finds what it has evaluated.
   */
  fit(messages: TemplateMessage[], limit: number): Prompt {
    const step = Math.max(1, Math.floor(limit / 3));
    const sizeOf = ({ content }: TemplateMessage): number => this.model.tokenize(content, false).length;
    for (let kept = messages; ;) {
      const prompt = this.encode(kept);
      const droppable = kept.slice(0, -1).filter(({ role }) => role !== "system");
      let excess = prompt.tokens.length - limit;
      if (excess <= 0 || droppable.length === 0) return prompt;
      // What is too much still after that goes message by message.
      if (kept === messages) excess = Math.ceil(excess / step) * step;
      const said = kept.reduce((sum, message) => sum + sizeOf(message), 0);
      const around = Math.max(0, prompt.tokens.length - said) / kept.length;
      const dropped = new Set<TemplateMessage>();
      for (const message of droppable) {
        if (excess <= 0) break;
        dropped.add(message);
        excess -= sizeOf(message) + around;
      }
      kept = kept.filter((message) => !dropped.has(message));
    }
  }
}
