import { checkReachable } from "../kafka/checkReachable.js";
import { connectKafka } from "../kafka/connectKafka.js";
import { readToEnd } from "../kafka/readToEnd.js";
import type { Settings } from "../settings.js";
import type { AnsweringModel } from "./answer.js";
import { foldLog } from "./foldLog.js";
import { type Memory, serializeMemory, trim } from "./Memory.js";
import { MAX_TEXT_BYTES, MEMORY_TOKENS } from "./prompt.js";
import { takeOver } from "./takeOver.js";
import { ensureChatTopics } from "./topics.js";

export interface CheckMemoryOptions {
  settings: Settings;
  /** Counts the tokens that the memory is trimmed by: the model that the assistants use. */
  model: Pick<AnsweringModel, "countTokens">;
  /** Writes what differs to the memory topic. Default false. */
  write?: boolean;
}

/** The memory topic held against the chat topic. */
export interface MemoryCheck {
  conversations: number;
  /** Conversations whose memory is not what the chat topic says. */
  different: string[];
  /** Conversations that the memory topic did not know, and that only it knew. */
  missing: string[];
  surplus: string[];
}

/**
 * Folds the chat topic anew and compares the result with the memory topic. The partitions are taken over for that, so no
 * assistant changes anything meanwhile; running assistants take them back afterwards.
 * @throws ClusterUnreachableError when no broker answers.
 */
export async function checkMemory({ settings, model, write = false }: CheckMemoryOptions): Promise<MemoryCheck> {
  await checkReachable(settings.cluster);
  const kafka = connectKafka(settings.cluster);
  const { topics, partitions } = await ensureChatTopics(kafka, settings.chatTopic);
  const result: MemoryCheck = { conversations: 0, different: [], missing: [], surplus: [] };
  for (let partition = 0; partition < partitions; partition++) {
    const [owned] = await takeOver(kafka, { topics, worker: "memory-check", fencing: true }, [partition]);
    if (owned === undefined) throw new Error(`Partition ${partition} could not be taken over`);
    try {
      const folded = foldLog(await readToEnd(kafka, topics.chat, { partitions: [partition] }), { partitions, maxTextBytes: MAX_TEXT_BYTES });
      const wrong = new Map<string, Memory>();
      for (const [conversation, whole] of folded) {
        const memory = await trim(whole, MEMORY_TOKENS, (text) => model.countTokens(text));
        const stored = owned.memories.get(conversation);
        result.conversations += 1;
        if (stored !== undefined && serializeMemory(stored) === serializeMemory(memory)) continue;
        (stored === undefined ? result.missing : result.different).push(conversation);
        wrong.set(conversation, memory);
      }
      for (const conversation of owned.memories.keys()) if (!folded.has(conversation)) result.surplus.push(conversation);
      if (write && wrong.size > 0) {
        await owned.transactions.run(async ({ send }) => {
          await send([...wrong].map(([key, memory]) => ({ topic: topics.memory, partition, key, value: serializeMemory(memory) })));
        });
      }
    } finally {
      await owned.transactions.close();
    }
  }
  return result;
}
