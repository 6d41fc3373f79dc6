// An assistant without memory as a process of its own: every question has the same prompt as when the model is called directly.
// With the argument "whole" it gives each reply in one piece when that is finished, instead of streaming it; with "scripted" a
// model that needs no processor time writes. A second argument names the catalogue model that it is to be run like.
import { catalogue, ChatNodeLlamaCpp, loadModel, readSettings, startAssistant } from "kafka-llm-chat";
import { SEED } from "./questions.js";
import { scriptedModel } from "./scriptedModel.js";
import { wholeReplies } from "./wholeReplies.js";

const settings = readSettings();
const [, , kind, like] = process.argv;
const { sampling, threads, sequences } = catalogue.find(({ name }) => name === like) ?? {};
const load = (): ReturnType<typeof loadModel> => loadModel({ model: settings.chatModel, threads, sequences });
const llm = kind === "scripted" ? scriptedModel() : new ChatNodeLlamaCpp({ model: await load(), ...sampling, seed: SEED });
const assistant = await startAssistant({ settings, model: kind === "whole" ? wholeReplies(llm) : llm, memoryTokens: 0 });
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
// Ctrl+C in a terminal goes to all of a process group; whoever has started this stops it.
process.on("SIGINT", () => undefined);
process.once("SIGTERM", () => void assistant.stop(5_000).then(() => process.exit(0)));
process.send?.("ready");
