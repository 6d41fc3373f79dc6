import type { LlamaModel, Token } from "node-llama-cpp";

type Vocabulary = Pick<LlamaModel, "tokenize" | "getTokenAttributes" | "isEogToken" | "fileInfo">;

/** Where a text is cut apart before it is tokenized. Unicode reserves it for such uses within one program. */
const CUT = "\uFDD0";

/**
 * Cuts apart, in what people have written, whatever the template or the model takes for control: tokenizePrompt() makes text
 * of the pieces. Two kinds: control tokens of the vocabulary (`<|im_end|>`), and marks that the template writes as plain text
 * (`[/INST]`), which have no token of their own.
 */
export function cutControlTokens(text: string, marks: readonly string[], vocabulary: Vocabulary): string {
  let pieces = [text.replaceAll(CUT, "\uFFFD")];
  for (;;) {
    const cut = pieces.flatMap((piece) => cutMarks(piece, [...marks, ...controlTokensIn(piece, vocabulary)], vocabulary));
    // Half a mark can hold another one.
    if (cut.length === pieces.length) return cut.join(CUT);
    pieces = cut;
  }
}

/** The tokens of a rendered prompt, of which cutControlTokens() has prepared the parts that people wrote. */
export function tokenizePrompt(prompt: string, vocabulary: Pick<LlamaModel, "tokenize">): Token[] {
  const [first = "", ...rest] = prompt.split(CUT);
  return [...vocabulary.tokenize(first, true), ...rest.flatMap((piece) => tokenizeRest(piece, vocabulary))];
}

/** Many tokenizers put a space before a text; this one goes on where another ended, as if a line did. */
function tokenizeRest(text: string, vocabulary: Pick<LlamaModel, "tokenize">): Token[] {
  const line = vocabulary.tokenize("\n", true);
  const tokens = vocabulary.tokenize(`\n${text}`, true);
  return line.every((token, index) => tokens[index] === token) ? tokens.slice(line.length) : vocabulary.tokenize(text, true);
}

/** The marks in what a template has written that tell who speaks and where something begins and ends: `<|user|>`, `[INST]`, `<<SYS>>`, `### Response:`, `ASSISTANT:`. */
export function marksOf(rendered: string): string[] {
  return [...new Set(rendered.match(/<<?[^\s<>]+>>?|\[[^\s[\]]+\]|#{2,3} ?\w+:|\b(?:USER|ASSISTANT|SYSTEM|User|Assistant|System|Human):/g))];
}

function controlTokensIn(text: string, vocabulary: Vocabulary): string[] {
  const texts = vocabulary.fileInfo.metadata.tokenizer.ggml.tokens;
  const isControl = (token: Token): boolean => {
    const { control, unknown } = vocabulary.getTokenAttributes(token);
    return control || unknown || vocabulary.isEogToken(token);
  };
  return [...new Set(vocabulary.tokenize(text, true))].filter(isControl).map((token) => texts[token] ?? "").filter((mark) => mark.length > 1 && text.includes(mark));
}

function cutMarks(text: string, marks: string[], vocabulary: Vocabulary): string[] {
  if (marks.length === 0) return [text];
  const longestFirst = marks.sort((a, b) => b.length - a.length).map((mark) => mark.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  const halves = new Map<string, string>();
  return text.replace(new RegExp(longestFirst.join("|"), "g"), (mark) => {
    const known = halves.get(mark);
    if (known !== undefined) return known;
    const at = cutPosition(mark, vocabulary);
    const cut = mark.slice(0, at) + CUT + mark.slice(at);
    halves.set(mark, cut);
    return cut;
  }).split(CUT);
}

/** Near the middle of the mark, and not between two tokens that it consists of anyway. */
function cutPosition(mark: string, vocabulary: Vocabulary): number {
  const whole = tokenizeRest(mark, vocabulary).join();
  const middle = Math.floor(mark.length / 2);
  const positions = Array.from({ length: mark.length - 1 }, (_, index) => index + 1).sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  return positions.find((at) => [mark.slice(0, at), mark.slice(at)].flatMap((half) => tokenizeRest(half, vocabulary)).join() !== whole) ?? middle;
}
