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
    const cut = pieces.flatMap((piece) => cutMarks(piece, [...marks, ...controlTokensIn(piece, vocabulary)]));
    // Half a mark can hold another one.
    if (cut.length === pieces.length) return cut.join(CUT);
    pieces = cut;
  }
}

/** The tokens of a rendered prompt, of which cutControlTokens() has prepared the parts that people wrote. */
export function tokenizePrompt(prompt: string, vocabulary: Pick<LlamaModel, "tokenize">): Token[] {
  const [first = "", ...rest] = prompt.split(CUT);
  // Some tokenizers put a space before a text; here the rest goes on where the first ends.
  return [...vocabulary.tokenize(first, true), ...rest.flatMap((piece) => vocabulary.tokenize(piece, true, "trimLeadingSpace"))];
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
  return [...new Set(vocabulary.tokenize(text, true).filter(isControl))].map((token) => texts[token] ?? "").filter((mark) => mark.length > 1 && text.includes(mark));
}

/** In two at the middle of each mark. */
function cutMarks(text: string, marks: string[]): string[] {
  if (marks.length === 0) return [text];
  const longestFirst = marks.sort((a, b) => b.length - a.length).map((mark) => mark.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return text.replace(new RegExp(longestFirst.join("|"), "g"), (mark) => {
    const middle = Math.floor(mark.length / 2);
    return mark.slice(0, middle) + CUT + mark.slice(middle);
  }).split(CUT);
}
