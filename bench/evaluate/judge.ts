import type { Fact } from "./facts.js";

export type Verdict = "right" | "declined" | "wrong";

const DECLINE = /\b(do not|don't|does not|cannot|can't|could not) (know|tell|help|answer|understand)|not sure what you mean|\bno idea\b|\bnot (know|familiar)/i;

export function isDecline(reply: string): boolean {
  return DECLINE.test(reply);
}

/** Whether a reply is the answer of one of the facts, or has a word of each of its keyword groups. */
export function judge(reply: string, facts: Fact[]): Verdict {
  const said = reply.toLowerCase();
  if (facts.some(({ answer, keywords }) => said.includes(answer.toLowerCase()) || keywords.every((group) => group.some((word) => said.includes(word))))) return "right";
  return isDecline(reply) ? "declined" : "wrong";
}

/** Five words that come three times, or one word four times in a row. */
export function loops(reply: string): boolean {
  const words = reply.toLowerCase().split(/\s+/);
  const seen = new Map<string, number>();
  for (let at = 0; at + 5 <= words.length; at++) {
    const run = words.slice(at, at + 5).join(" ");
    seen.set(run, (seen.get(run) ?? 0) + 1);
    if (seen.get(run) === 3) return true;
  }
  return words.some((word, at) => at >= 3 && words.slice(at - 3, at).every((other) => other === word));
}

/** The words of a text, in lower case. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z][a-z'’]*/g) ?? [];
}
