import type { ChatHistoryItem, LlamaContextSequence, LlamaModel, Token } from "node-llama-cpp";
import { PERSONA } from "kafka-llm-chat";
import { loadLlama } from "kafka-llm-chat/internal/model/loadLlama.js";

export interface RawResult {
  replies: number;
  tokens: number;
  seconds: number;
}

/** node-llama-cpp without anything around it: the limit of what can be reached. */
export interface RawLlama {
  /** Answers questions with as many sequences at once, each taking the next question as soon as it is free. */
  run(questions: string[], atOnce: number): Promise<RawResult>;
  stop(): Promise<void>;
}

/** @param contextSize tokens of each sequence, as the assistant has them; `threads` as well. */
export async function rawLlama(modelPath: string, { contextSize, threads }: { contextSize: number; threads: number | undefined }): Promise<RawLlama> {
  const llama = await loadLlama();
  const model = await llama.loadModel({ modelPath });
  const { resolveChatWrapper } = await import("node-llama-cpp");
  const wrapper = resolveChatWrapper(model);
  const promptOf = (question: string): Token[] => {
    const chatHistory: ChatHistoryItem[] = [{ type: "system", text: PERSONA }, { type: "user", text: question }, { type: "model", response: [] }];
    return wrapper.generateContextState({ chatHistory }).contextText.tokenize(model.tokenizer);
  };
  return {
    run: async (questions, atOnce) => {
      const context = await model.createContext({ sequences: atOnce, contextSize, ...(threads === undefined ? {} : { threads }) });
      try {
        const left = questions.map(promptOf);
        const sequences = Array.from({ length: atOnce }, () => context.getSequence());
        const started = performance.now();
        const tokens = await Promise.all(sequences.map((sequence) => answerAll(model, sequence, left)));
        return { replies: questions.length, tokens: tokens.reduce((sum, count) => sum + count, 0), seconds: (performance.now() - started) / 1000 };
      } finally {
        await context.dispose();
      }
    },
    stop: () => model.dispose(),
  };
}

/** The prompt's beginning stays in the cache between questions, as in the assistant. */
async function answerAll(model: LlamaModel, sequence: LlamaContextSequence, left: Token[][]): Promise<number> {
  let count = 0;
  for (let prompt = left.shift(); prompt !== undefined; prompt = left.shift()) {
    const { length } = sequence.contextTokens;
    let same = 0;
    while (same < length && same < prompt.length - 1 && sequence.contextTokens[same] === prompt[same]) same += 1;
    await sequence.eraseContextTokenRanges([{ start: same, end: length }]);
    for await (const token of sequence.evaluate(prompt.slice(same), { temperature: 0 })) {
      if (model.isEogToken(token) || sequence.contextTokens.length > 400) break;
      count += 1;
    }
  }
  return count;
}
