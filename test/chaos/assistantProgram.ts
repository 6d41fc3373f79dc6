// One assistant as a process of its own, to be killed. Arguments: milliseconds a piece, session timeout in ms, "fenced" or "unfenced".
import { readSettings, startAssistant } from "kafka-llm-chat";
import { simulatedModel } from "./simulatedModel.js";

const [pieceMs = "5", sessionTimeoutMs = "2000", fencing = "fenced"] = process.argv.slice(2);
const assistant = await startAssistant({
  settings: readSettings(),
  model: simulatedModel(Number(pieceMs)),
  sessionTimeoutMs: Number(sessionTimeoutMs),
  rebalanceTimeoutMs: 3_000,
  // Some turns, so that replies stay short while the conversations grow.
  memoryTokens: 60,
  fencing: fencing === "fenced",
  onEvent: (event) => {
    if (event.type === "trouble" || event.type === "assigned") console.log(JSON.stringify(event));
  },
});
console.log("assistant ready");
process.once("SIGTERM", () => void assistant.stop(5_000).then(() => process.exit(0)));
