import type { LogRecord } from "../kafka/LogRecord.js";
import { forget, type Memory, remember, type RememberedMessage, type Trim } from "./Memory.js";
import { type Incoming, type IncomingLimits, readIncoming } from "./readIncoming.js";
import { readReply, type Reply } from "./Reply.js";

export interface FoldedLog {
  memories: Map<string, Memory>;
  /**
   * Conversations with a message that another program of the group has answered, such as the simple form in notebook 4:
   * the group is past it, and no reply in the topic names it. The assistants never saw such a message, nor remember it.
   */
  elsewhere: Set<string>;
}

type Told = Exclude<Incoming, { kind: "bad" | "reply" }>;

/**
 * What the conversations remember, from the chat topic alone: the same fold that assistants make message by message, and
 * write to the memory topic. Messages without a reply are not part of it yet.
 * @param records one partition's, in the order of their offsets.
 * @param trim after each message, as the assistants do: when a memory was trimmed decides what is left of it.
 * @param committed the group's offset: every record before it was handled, by whomever.
 */
export async function foldLog(records: LogRecord[], limits: IncomingLimits, trim: Trim, committed: bigint): Promise<FoldedLog> {
  const replies = repliesIn(records);
  const elsewhere = new Set<string>();
  /** By conversation, its records that an assistant has handled. */
  const memories = new Map<string, Memory>();
  /** Conversations with a message that waits for its reply: what comes after it is not part of the memory yet. */
  const waiting = new Set<string>();
  /** Conversations that another program talks in now: words in the assistant's role are its replies. */
  const away = new Set<string>();
  for (const record of records) {
    const incoming = readIncoming(record, limits);
    if (incoming.kind === "bad" || incoming.kind === "reply" || waiting.has(incoming.conversation)) continue;
    const { conversation, offset } = incoming;
    const memory = memories.get(conversation);
    const reply = incoming.kind === "question" ? replies.get(`${conversation}\n${incoming.identity}`) : undefined;
    if (incoming.kind === "question" && reply === undefined && memory?.identities.includes(incoming.identity) !== true) {
      (offset < committed ? away : waiting).add(conversation);
      if (offset < committed) elsewhere.add(conversation);
      continue;
    }
    if (incoming.kind === "remark" && offset < committed && away.has(conversation)) continue;
    away.delete(conversation);
    memories.set(conversation, await trim(handled(memory, incoming, reply)));
  }
  return { memories, elsewhere };
}

function repliesIn(records: LogRecord[]): Map<string, Reply> {
  const replies = new Map<string, Reply>();
  for (const record of records) {
    const reply = readReply(record);
    if (reply !== undefined && !replies.has(`${reply.conversation}\n${reply.replyTo}`)) replies.set(`${reply.conversation}\n${reply.replyTo}`, reply);
  }
  return replies;
}

/** What a conversation remembers after a record that was handled. */
function handled(memory: Memory | undefined, incoming: Told, reply: Reply | undefined): Memory {
  const { offset } = incoming;
  if (incoming.kind === "delete") return forget(memory, offset);
  const { identity, message: { text } } = incoming;
  if (memory?.identities.includes(identity)) return memory;
  const messages = reply === undefined ? [{ id: identity, role: "AI" as const, text, offset }] : turn(identity, text, offset, reply);
  return remember(memory, { offset, identity, messages });
}

function turn(identity: string, text: string, offset: bigint, reply: Reply): RememberedMessage[] {
  if (reply.error !== undefined) return [];
  const asked: RememberedMessage = { id: identity, role: "human", text, offset };
  return reply.text === "" ? [asked] : [asked, { id: reply.id, role: "AI", text: reply.text, offset: reply.offset }];
}
