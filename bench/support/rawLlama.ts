import type { LlamaContextSequence, LlamaModel, Token } from "node-llama-cpp";
import { type LoadedModel, PERSONA, type Sampling } from "kafka-llm-chat";
import { loadLlama } from "kafka-llm-chat/internal/model/loadLlama.js";
import { QUESTIONS, SEED } from "./questions.js";

/** What one way of answering many questions gave. */
export interface Speed {
  replies: number;
  tokens: number;
  seconds: number;
}

/** node-llama-cpp without anything around it: the limit of what can be reached. */
export interface RawLlama {
  /** So many sequences. Each has answered a question already, so that it holds what all prompts begin with, as an assistant's do. */
  open(atOnce: number): Promise<RawSequences>;
  stop(): Promise<void>;
}

export interface RawSequences {
  /** Each sequence takes the next question as soon as it is free. */
  answer(questions: string[]): Promise<Speed>;
  stop(): Promise<void>;
}

/**
 * Loads the same file a second time. Prompts, context, sampling and limits are those of the assistant.
 * @param threads as the assistant has them; undefined leaves the choice to llama.cpp.
 * @param sampling as the assistant has it. Default: that of the loaded model.
 */
export async function rawLlama(loaded: LoadedModel, threads: number | undefined, sampling = loaded.sampling): Promise<RawLlama> {
  const { contextSize } = loaded;
  const model = await (await loadLlama()).loadModel({ modelPath: loaded.path });
  const promptOf = (question: string): Token[] => loaded.prompts.encode([{ role: "system", content: PERSONA }, { role: "user", content: question }]).tokens;
  return {
    open: async (atOnce) => {
      const context = await model.createContext({ sequences: atOnce, contextSize, ...(threads === undefined ? {} : { threads }) });
      const sequences = Array.from({ length: atOnce }, () => context.getSequence());
      await Promise.all(sequences.map((sequence) => answerAll(model, sequence, QUESTIONS.slice(0, 1).map(promptOf), sampling)));
      return {
        answer: async (questions) => {
          const left = questions.map(promptOf);
          const started = performance.now();
          const tokens = await Promise.all(sequences.map((sequence) => answerAll(model, sequence, left, sampling)));
          return { replies: questions.length, tokens: tokens.reduce((sum, count) => sum + count, 0), seconds: (performance.now() - started) / 1000 };
        },
        stop: () => context.dispose(),
      };
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
