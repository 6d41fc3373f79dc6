import type { Kafka } from "kafkajs";
import { checkReachable } from "../kafka/checkReachable.js";
import { connectKafka } from "../kafka/connectKafka.js";
import type { LogRecord } from "../kafka/LogRecord.js";
import { PartitionFencedError } from "../kafka/PartitionTransactions.js";
import { readToEnd } from "../kafka/readToEnd.js";
import type { Settings } from "../settings.js";
import type { AnsweringModel } from "./answer.js";
import { type FoldedLog, foldLog } from "./foldLog.js";
import { type Memory, serializeMemory, type Trim, trimmer } from "./Memory.js";
import { MAX_TEXT_BYTES, MEMORY_TOKENS } from "./prompt.js";
import { readReply } from "./Reply.js";
import { type OwnedPartition, takeOver } from "./takeOver.js";
import { type ChatTopics, ensureChatTopics } from "./topics.js";

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

/** How often a partition is taken over that an assistant takes back while it is read. */
const MOST_TIMES = 5;

/**
 * Folds the chat topic anew and compares the result with the memory topic. The partitions are taken over for that; running
 * assistants take them back afterwards, or earlier if they want to commit a reply meanwhile: then the partition is read again.
 * @throws ClusterUnreachableError when no broker answers; Error when assistants take a partition back each time.
 */
export async function checkMemory({ settings, model, write = false }: CheckMemoryOptions): Promise<MemoryCheck> {
  await checkReachable(settings.cluster);
  const kafka = connectKafka(settings.cluster);
  const { topics, partitions } = await ensureChatTopics(kafka, settings.chatTopic);
  const trim = trimmer(MEMORY_TOKENS, (text) => model.countTokens(text));
  const result: MemoryCheck = { conversations: 0, different: [], missing: [], surplus: [], elsewhere: [] };
  for (let partition = 0; partition < partitions; partition++) {
    const found = await checkUndisturbed({ kafka, topics, partitions, trim, write }, partition);
    result.conversations += found.conversations;
    for (const kind of ["different", "missing", "surplus", "elsewhere"] as const) result[kind].push(...found[kind]);
  }
  return result;
}

interface CheckContext {
  kafka: Kafka;
  topics: ChatTopics;
  partitions: number;
  trim: Trim;
  write: boolean;
}

async function checkUndisturbed(context: CheckContext, partition: number): Promise<MemoryCheck> {
  for (let time = 1; ; time++) {
    let owned: OwnedPartition | undefined;
    try {
      [owned] = await takeOver(context.kafka, { topics: context.topics, worker: "memory-check", fencing: true }, [partition]);
      if (owned === undefined) throw new Error(`Partition ${partition} could not be taken over`);
      return await checkPartition(context, owned);
    } catch (error) {
      if (!(error instanceof PartitionFencedError)) throw error;
      if (time === MOST_TIMES) {
        throw new Error(`Assistants have taken partition ${partition} back ${time} times while it was being read, so much is said there.\n  What to do: stop the assistants, and try again`, { cause: error });
      }
    } finally {
      await owned?.transactions.close();
    }
  }
}

/** @throws PartitionFencedError when another owner has the partition: what was read may be of before and after. */
async function checkPartition({ kafka, topics, partitions, trim, write }: CheckContext, owned: OwnedPartition): Promise<MemoryCheck> {
  const { partition, transactions } = owned;
  const result: MemoryCheck = { conversations: 0, different: [], missing: [], surplus: [], elsewhere: [] };
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
  const changed = write ? [...wrong] : [];
  if (changed.length === 0) await transactions.lock();
  else await transactions.run(async ({ send }) => void await send(changed.map(([key, memory]) => ({ topic: topics.memory, partition, key, value: serializeMemory(memory) }))));
  return result;
}

type Fold = (records: LogRecord[]) => Promise<FoldedLog>;

/** Of a conversation that another program answers too, what the assistants remember: nothing from before the first record that they saw. */
async function foldOwnPart(conversation: string, records: LogRecord[], fold: Fold, stored: Memory | undefined): Promise<Memory | undefined> {
  const own = records.filter(({ key, offset }) => key?.toString() === conversation && offset >= (stored?.firstOffset ?? 0n));
  const answered = stored !== undefined || own.some((record) => readReply(record) !== undefined);
  return answered ? (await fold(own)).memories.get(conversation) : undefined;
}
