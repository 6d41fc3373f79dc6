import type { LlamaContextSequence, LlamaModel, Token } from "node-llama-cpp";
import { type LoadedModel, PERSONA, type Sampling } from "kafka-llm-chat";
import { loadLlama } from "kafka-llm-chat/internal/model/loadLlama.js";
import { SEED } from "./questions.js";

/** What one way of answering many questions gave. */
export interface Speed {
  replies: number;
  tokens: number;
  seconds: number;
}

/** node-llama-cpp without anything around it: the limit of what can be reached. */
export interface RawLlama {
  /**
   * Answers questions with as many sequences at once, each taking the next question as soon as it is free. Each sequence
   * has answered one before the time is taken, so that it holds what all prompts begin with, as an assistant's do.
   */
  run(questions: string[], atOnce: number): Promise<Speed>;
  stop(): Promise<void>;
}

/**
 * Loads the same file a second time. Prompts, context, sampling and limits are those of the assistant.
 * @param threads as the assistant has them; undefined leaves the choice to llama.cpp.
 */
export async function rawLlama(loaded: LoadedModel, threads: number | undefined): Promise<RawLlama> {
  const { contextSize, sampling } = loaded;
  const model = await (await loadLlama()).loadModel({ modelPath: loaded.path });
  const promptOf = (question: string): Token[] => loaded.prompts.encode([{ role: "system", content: PERSONA }, { role: "user", content: question }]).tokens;
  return {
    run: async (questions, atOnce) => {
      const context = await model.createContext({ sequences: atOnce, contextSize, ...(threads === undefined ? {} : { threads }) });
      try {
        const left = questions.map(promptOf);
        const sequences = Array.from({ length: atOnce }, () => context.getSequence());
        await Promise.all(sequences.map((sequence) => answerAll(model, sequence, questions.slice(0, 1).map(promptOf), sampling)));
        const started = performance.now();
        const tokens = await Promise.all(sequences.map((sequence) => answerAll(model, sequence, left, sampling)));
        return { replies: questions.length, tokens: tokens.reduce((sum, count) => sum + count, 0), seconds: (performance.now() - started) / 1000 };
      } finally {
        await context.dispose();
      }
    },
    stop: () => model.dispose(),
  };
}

/** The prompt's beginning stays in the cache between questions, as in the assistant. */
async function answerAll(model: LlamaModel, sequence: LlamaContextSequence, left: Token[][], { temperature, topP, topK, repeatPenalty, maxTokens }: Sampling): Promise<number> {
  let count = 0;
  for (let prompt = left.shift(); prompt !== undefined; prompt = left.shift()) {
    await sequence.adaptStateToTokens(prompt.slice(0, -1), false);
    const written: Token[] = [];
    const penalty = repeatPenalty === 1 ? {} : { repeatPenalty: { penalty: repeatPenalty, punishTokens: () => written } };
    // The token that ends a reply counts, as it does in the assistant.
    for await (const token of sequence.evaluate(prompt.slice(sequence.nextTokenIndex), { temperature, topP, topK, seed: SEED, yieldEogToken: true, ...penalty })) {
      written.push(token);
      if (model.isEogToken(token) || written.length === maxTokens) break;
    }
    count += written.length;
  }
  return count;
}
