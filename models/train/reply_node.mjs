// Reads dialogues from standard input and writes, for each, the prompt's tokens and the greedy reply of a GGUF in node-llama-cpp.
import { text } from "node:stream/consumers";
import { getLlama, LlamaChat } from "node-llama-cpp";

const dialogues = JSON.parse(await text(process.stdin));
const llama = await getLlama({ gpu: false, logLevel: "error" });
const model = await llama.loadModel({ modelPath: process.argv[2] });
const context = await model.createContext({ contextSize: 1024, threads: 1 });
const sequence = context.getSequence();
const chat = new LlamaChat({ contextSequence: sequence });
const replies = [];
for (const { messages, prompt } of dialogues) {
  await sequence.clearHistory();
  const history = messages.map(([role, words]) => (role === "assistant" ? { type: "model", response: [words] } : { type: role, text: words }));
  const { response } = await chat.generateResponse([...history, { type: "model", response: [] }], { temperature: 0, maxTokens: 120, repeatPenalty: false });
  replies.push({ prompt: Array.from(sequence.contextTokens).slice(0, prompt.length), text: response });
}
process.stdout.write(JSON.stringify(replies));
await llama.dispose();
