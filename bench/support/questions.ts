/** Of all that generates: a model that draws its tokens draws the same ones everywhere. */
export const SEED = 1;

/** What is asked: answered by facts of the embedded model, with replies of different lengths. */
export const QUESTIONS = [
  "What is a topic?", "What is a partition?", "What is an offset?", "What is a consumer group?", "What is a broker?", "What is a producer?",
  "What is GGUF?", "What is a token?", "What is a rebalance?", "What is KRaft?", "What is log compaction?", "What is quantisation?",
];

/** So many of them, over and over in their order. */
export function manyQuestions(count: number): string[] {
  return Array.from({ length: count }, (_, at) => QUESTIONS[at % QUESTIONS.length] as string);
}
