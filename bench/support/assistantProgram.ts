// An assistant without memory as a process of its own: every question has the same prompt as when the model is called directly.
import { ChatNodeLlamaCpp, loadModel, readSettings, startAssistant } from "kafka-llm-chat";

const settings = readSettings();
const model = await loadModel({ model: settings.chatModel });
const assistant = await startAssistant({ settings, model: new ChatNodeLlamaCpp({ model }), memoryTokens: 0 });
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.once("SIGTERM", () => void assistant.stop(5_000).then(() => process.exit(0)));
process.send?.("ready");
