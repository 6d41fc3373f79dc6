import type { LlamaContextSequence, Token } from "node-llama-cpp";
import type { Sampling } from "./Sampling.js";

export interface GenerateTokensOptions {
  sampling: Sampling & { seed: number };
  /** Told once, before the prompt is evaluated: tokens of it that the sequence's cache holds already. */
  onPrompt: (reused: number) => void;
  signal: AbortSignal;
}

/** Tokens that the repeat penalty looks back upon. */
const PENALTY_TOKENS = 64;

/**
 * Evaluates a prompt and generates, token by token, the one that ends the generation included. `next(tokens)` puts those in
 * the place of the last one.
 * @throws the signal's reason; while a long prompt is evaluated, after the batch under way.
 */
export async function* generateTokens(sequence: LlamaContextSequence, prompt: Token[], { sampling, onPrompt, signal }: GenerateTokensOptions): AsyncGenerator<Token, void, Token[] | void> {
  const { temperature, topP, topK, repeatPenalty, seed } = sampling;
  const generated: Token[] = [];
  // The last token is evaluated in any case: what comes after it is not in the cache.
  if (prompt.length > 1) await sequence.adaptStateToTokens(prompt.slice(0, -1), false);
  else await sequence.clearHistory();
  const reused = sequence.nextTokenIndex;
  onPrompt(reused);
  const { batchSize } = sequence.context;
  let start = reused;
  for (; prompt.length - start > batchSize; start += batchSize) {
    signal.throwIfAborted();
    await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(start, start + batchSize));
  }
  signal.throwIfAborted();
  const newLine = sequence.model.tokens.nl;
  const tokens = sequence.evaluate(prompt.slice(start), {
    temperature, topP, topK, seed, yieldEogToken: true,
    ...(repeatPenalty === 1 ? {} : {
      repeatPenalty: { penalty: repeatPenalty, maxPunishTokens: PENALTY_TOKENS, punishTokens: () => generated.slice(-PENALTY_TOKENS).filter((token) => token !== newLine) },
    }),
  });
  try {
    for (let next = await tokens.next(); next.done !== true;) {
      signal.throwIfAborted();
      const instead = yield next.value;
      generated.push(...instead ?? [next.value]);
      next = await tokens.next(instead);
    }
  } finally {
    await tokens.return();
  }
}
