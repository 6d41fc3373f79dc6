import { parseMessage, type Settings, topicsOf } from "kafka-llm-chat";
import type { LogRecord } from "kafka-llm-chat/internal/kafka/LogRecord.js";
import { readLog } from "../support/readLog.js";

/** What the log says after all is over. All but `messages` and `replies` must be 0. */
export interface Faults {
  messages: number;
  replies: number;
  /** Messages without a reply. */
  lost: number;
  /** Replies to a message that had one already. */
  doubled: number;
  /** Replies that come before the reply to an earlier message of the same conversation. */
  outOfOrder: number;
  /** Replies that were written with another conversation's memory, or with a gap or a repeat in their own. */
  mixedMemories: number;
  /** Records in the error topic. */
  errors: number;
  /** The records behind the figures, in words. */
  details: string[];
}

/** Reads the whole log, committed records only, and counts. */
export async function countFaults(settings: Settings): Promise<Faults> {
  const { chat, errors } = topicsOf(settings.chatTopic);
  const log = await readLog(settings, chat);
  const byConversation = new Map<string, LogRecord[]>();
  for (const record of log) {
    const key = record.key?.toString() ?? "";
    byConversation.set(key, [...byConversation.get(key) ?? [], record]);
  }
  const faults: Faults = { messages: 0, replies: 0, lost: 0, doubled: 0, outOfOrder: 0, mixedMemories: 0, errors: (await readLog(settings, errors)).length, details: [] };
  for (const [conversation, records] of byConversation) countConversation(conversation, records, faults);
  return faults;
}

export function sumOfFaults({ lost, doubled, outOfOrder, mixedMemories, errors }: Faults): number {
  return lost + doubled + outOfOrder + mixedMemories + errors;
}

function countConversation(conversation: string, records: LogRecord[], faults: Faults): void {
  // A message sent again under the same identity is the same message.
  const questions = [...new Set(records.filter(({ headers }) => !headers.has("reply_to")).map(({ headers }) => headers.get("uuid") ?? ""))];
  const replies = records.filter(({ headers }) => headers.has("reply_to"));
  const seen = new Set<string>();
  let last = -1;
  for (const reply of replies) {
    const to = reply.headers.get("reply_to") ?? "";
    const position = questions.indexOf(to);
    const { text } = parseMessage(reply.value);
    const blame = (fault: string): void => void faults.details.push(`${fault}: ${reply.partition}:${reply.offset} to ${to} by ${reply.headers.get("worker")}: ${text}`);
    if (seen.has(to)) {
      faults.doubled += 1;
      for (const one of replies.filter(({ headers }) => headers.get("reply_to") === to)) faults.details.push(`doubled: ${one.partition}:${one.offset} ${JSON.stringify([...one.headers])} ${parseMessage(one.value).timestamp}`);
      for (const one of records.filter(({ headers }) => headers.get("uuid") === to)) faults.details.push(`  its message: ${one.partition}:${one.offset}`);
    } else if (position < last) {
      faults.outOfOrder += 1;
      blame("out of order");
    }
    seen.add(to);
    last = Math.max(last, position);
    if (remembersRightly(text, conversation)) continue;
    faults.mixedMemories += 1;
    blame("wrong memory");
  }
  faults.messages += questions.length;
  faults.replies += replies.length;
  faults.lost += questions.filter((question) => !seen.has(question)).length;
}

/** `re 7 of abc | 4 of abc , 5 of abc , 6 of abc`: all of this conversation, and without a gap up to the message itself. */
function remembersRightly(text: string, conversation: string): boolean {
  const [own = "", memory = ""] = text.replace(/^re /, "").split(" | ");
  const said = [...memory.split(" , "), own].filter((part) => part !== "").map((part) => part.split(" of "));
  const numbers = said.map(([n]) => Number(n));
  const first = Number(own.split(" of ")[0]) - numbers.length + 1;
  // The memory holds 60 words: it never forgets the last message.
  const enough = numbers.length > Math.min(Number(own.split(" of ")[0]), 1);
  return enough && said.every(([, whose]) => whose === conversation) && numbers.every((n, index) => n === first + index);
}
