// An assistant that is stopped while kafkajs tries to get it back into its group. Afterwards nothing keeps this process alive.
import { setTimeout as delay } from "node:timers/promises";
import { type RunningAssistant, startAssistant } from "kafka-llm-chat";
import { ScriptedModel } from "./ScriptedModel.js";

let lost = false;

const assistant: RunningAssistant = await startAssistant({
  model: new ScriptedModel(async function* () {
    yield "nobody asks";
  }),
  onEvent: ({ type }) => {
    if (type !== "trouble" || lost) return;
    lost = true;
    // Until it is connecting again: it waits up to a second before.
    void delay(2_000).then(() => assistant.stop()).then(() => {
      process.send?.("stopped", () => process.disconnect());
    });
  },
});
process.send?.("ready");
