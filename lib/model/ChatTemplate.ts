import { Template } from "@huggingface/jinja";

export interface TemplateMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

/** What a template may ask for besides the messages. */
export interface TemplateVariables {
  /** Texts of the tokens that begin and end a sequence. */
  bosToken: string;
  eosToken: string;
  /** Whether the model may think before it answers, where its template has a switch for that. */
  thinking: boolean;
}

/** A model's chat template: Jinja, as its makers wrote it into the model file. */
export class ChatTemplate {
  private readonly template: Template;
  /** Whether there is a place for a system message; else it goes before the first user message. */
  readonly takesSystem: boolean;
  /** Whether a conversation may begin with the assistant; else an empty user message goes before it. */
  readonly takesGreeting: boolean;

  /**
   * @param stops texts that end a reply, where no token does
   * @throws Error when the template cannot be read, or does not write what is said
   */
  constructor(readonly source: string, private readonly variables: TemplateVariables, readonly stops: readonly string[] = []) {
    this.template = new Template(source);
    const system: TemplateMessage = { role: "system", content: "probe-system" };
    const user: TemplateMessage = { role: "user", content: "probe-user" };
    const assistant: TemplateMessage = { role: "assistant", content: "probe-assistant" };
    const plain = this.probe([user, assistant, user]);
    if (plain !== undefined) throw plain;
    this.takesSystem = this.probe([system, user, assistant, user]) === undefined;
    this.takesGreeting = this.probe([...this.takesSystem ? [system] : [], assistant, user]) === undefined;
  }

  /** The family of the template, for people. */
  get name(): string {
    return FAMILIES.find(([, marks]) => marks.every((mark) => this.source.includes(mark)))?.[0] ?? "the model's own";
  }

  /** The prompt for the next reply, as text with control tokens. The messages are as renderMessages() puts them. */
  render(messages: TemplateMessage[]): string {
    const { bosToken, eosToken, thinking } = this.variables;
    // Qwen, SmolLM and most others call the switch enable_thinking, DeepSeek and Granite thinking.
    return this.template.render({ messages, bos_token: bosToken, eos_token: eosToken, add_generation_prompt: true, enable_thinking: thinking, thinking });
  }

  /** Why the template does not take these messages: it objects, or leaves something out. */
  private probe(messages: TemplateMessage[]): Error | undefined {
    try {
      const text = this.render(messages);
      const lost = messages.find(({ content }) => !text.includes(content));
      return lost && new Error(`the chat template leaves out what the ${lost.role} says`);
    } catch (error) {
      return error as Error;
    }
  }
}

/** First match counts. */
const FAMILIES: readonly (readonly [name: string, marks: readonly string[]])[] = [
  ["ChatML", ["<|im_start|>"]],
  ["Llama 3", ["<|start_header_id|>"]],
  ["Llama 2", ["[INST]", "<<SYS>>"]],
  ["Mistral", ["[INST]"]],
  ["Gemma", ["<start_of_turn>"]],
  ["Harmony", ["<|channel|>", "<|message|>"]],
  ["DeepSeek", ["<｜User｜>"]],
  ["Phi", ["<|user|>", "<|end|>"]],
  ["Zephyr", ["<|user|>", "eos_token"]],
];
