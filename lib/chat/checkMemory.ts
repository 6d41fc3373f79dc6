import { checkReachable } from "../kafka/checkReachable.js";
import { connectKafka } from "../kafka/connectKafka.js";
import type { LogRecord } from "../kafka/LogRecord.js";
import { readToEnd } from "../kafka/readToEnd.js";
import type { Settings } from "../settings.js";
import type { AnsweringModel } from "./answer.js";
import { type FoldedLog, foldLog } from "./foldLog.js";
import { type Memory, serializeMemory, trimmer } from "./Memory.js";
import { MAX_TEXT_BYTES, MEMORY_TOKENS } from "./prompt.js";
import { readReply } from "./Reply.js";
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
  /**
   * Conversations that another program of the group has answered, at least in part: what it said is not in the memory, and
   * is not written there. What the assistants said is as it should be.
   */
  elsewhere: string[];
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
  const trim = trimmer(MEMORY_TOKENS, (text) => model.countTokens(text));
  const result: MemoryCheck = { conversations: 0, different: [], missing: [], surplus: [], elsewhere: [] };
  for (let partition = 0; partition < partitions; partition++) {
    const [owned] = await takeOver(kafka, { topics, worker: "memory-check", fencing: true }, [partition]);
    if (owned === undefined) throw new Error(`Partition ${partition} could not be taken over`);
    try {
      const records = await readToEnd(kafka, topics.chat, { partitions: [partition] });
      const fold: Fold = (some) => foldLog(some, { partitions, maxTextBytes: MAX_TEXT_BYTES }, trim, owned.next);
      const { memories, elsewhere } = await fold(records);
      const wrong = new Map<string, Memory>();
      for (const conversation of new Set([...memories.keys(), ...elsewhere])) {
        result.conversations += 1;
        const stored = owned.memories.get(conversation);
        const memory = elsewhere.has(conversation) ? await foldOwnPart(conversation, records, fold, stored) : memories.get(conversation);
        if (memory === undefined || (stored !== undefined && serializeMemory(stored) === serializeMemory(memory))) {
          if (elsewhere.has(conversation)) result.elsewhere.push(conversation);
          continue;
        }
        (stored === undefined ? result.missing : result.different).push(conversation);
        wrong.set(conversation, memory);
      }
      for (const conversation of owned.memories.keys()) if (!memories.has(conversation) && !elsewhere.has(conversation)) result.surplus.push(conversation);
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

type Fold = (records: LogRecord[]) => Promise<FoldedLog>;

/** Of a conversation that another program answers too, what the assistants remember: nothing from before the first record that they saw. */
async function foldOwnPart(conversation: string, records: LogRecord[], fold: Fold, stored: Memory | undefined): Promise<Memory | undefined> {
  const own = records.filter(({ key, offset }) => key?.toString() === conversation && offset >= (stored?.firstOffset ?? 0n));
  const answered = stored !== undefined || own.some((record) => readReply(record) !== undefined);
  return answered ? (await fold(own)).memories.get(conversation) : undefined;
}
