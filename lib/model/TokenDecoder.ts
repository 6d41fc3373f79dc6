import type { LlamaModel, Token } from "node-llama-cpp";

/** Bytes of the longest character in UTF-8, and so the most tokens that one can be spread over. */
const MOST_TOKENS = 4;

/** Makes text of tokens, one at a time; a character that is spread over several comes with its last. */
export class TokenDecoder {
  private readonly before: Token[] = [];
  private pending: Token[] = [];

  constructor(private readonly model: Pick<LlamaModel, "detokenize">) {}

  /** @param control whether control tokens become text too; else they become nothing */
  push(token: Token, control: boolean): string {
    this.pending.push(token);
    const text = this.model.detokenize(this.pending, control, this.before);
    if (text.endsWith("\uFFFD") && this.pending.length < MOST_TOKENS) return "";
    this.before.push(...this.pending);
    this.pending = [];
    return text;
  }
}
