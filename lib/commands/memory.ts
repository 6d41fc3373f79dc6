import { parseArgs } from "node:util";
import { checkMemory } from "../chat/checkMemory.js";
import { checkReachable } from "../kafka/checkReachable.js";
import { loadModel } from "../model/loadModel.js";
import { readSettings } from "../settings.js";
import { progressLine } from "./progressLine.js";

const HELP = `Usage: npm run memory -- check | rebuild

  check     folds the topic "chat" anew and says whether "chat-memory" holds the same; messages that another program of the
            group has answered are not part of it
  rebuild   the same, and writes what differs to "chat-memory"

  The partitions are taken from the assistants meanwhile, one after the other; they take them back and go on. Where so much is said
  that they do so before all is read, it says that they must be stopped. CHAT_MODEL must be the assistants' model: its tokens are counted.
`;

/** `npm run memory`. @returns 0 when the memory is (now) the same, 1 when it differs, 2 for wrong usage. */
export async function main(argv: string[]): Promise<number> {
  const { values, positionals: [action = "check"] } = parseArgs({ args: argv, allowPositionals: true, options: { help: { type: "boolean", short: "h" } } });
  if (values.help || !["check", "rebuild"].includes(action)) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  const settings = readSettings();
  // Before the model, which may take long to load.
  await checkReachable(settings.cluster);
  const model = await loadModel({ model: settings.chatModel, onProgress: progressLine(), onNotice: console.error });
  try {
    const write = action === "rebuild";
    const { conversations, different, missing, surplus, elsewhere } = await checkMemory({ settings, model, write });
    const wrong = different.length + missing.length;
    console.log(`${conversations} conversations: ${conversations - wrong - elsewhere.length} the same, ${different.length} different, ${missing.length} missing in the memory topic, ${surplus.length} only there`);
    if (elsewhere.length > 0) console.log(`${elsewhere.length} of them were answered by another program, such as the simple form in notebook 4: what that said is not in the memory, and need not be`);
    for (const conversation of different) console.log(`${write ? "written" : "differs"}: ${conversation}`);
    for (const conversation of missing) console.log(`${write ? "written" : "missing"}: ${conversation}`);
    for (const conversation of elsewhere) console.log(`another program's: ${conversation}`);
    return wrong === 0 || write ? 0 : 1;
  } finally {
    await model.dispose();
  }
}
