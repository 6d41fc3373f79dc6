/** How the next token is chosen. Names and meanings are llama.cpp's. */
export interface Sampling {
  /** 0 always takes the most likely token. */
  temperature: number;
  /** Share of the probability to choose from; 1 switches it off. */
  topP: number;
  /** Number of tokens to choose from; 0 switches it off. */
  topK: number;
  /** Divides the likelihood of the last 64 tokens; 1 switches it off. */
  repeatPenalty: number;
  /** Most tokens of a reply. */
  maxTokens: number;
  /** Most tokens of thoughts before a reply, for models that think; then the reply begins. Default: 1,024, at most half of the context's room. */
  maxThoughtTokens?: number;
  /** Same seed, same prompt: same reply. Undefined: another one each time. */
  seed?: number;
}

/** The parameters of the original walkthrough (its step 7), for Llama-2-7B-Chat. */
export const originalSampling: Sampling = { temperature: 0.7, topP: 0.95, topK: 150, repeatPenalty: 1.2, maxTokens: 250 };
