import type { LogRecord } from "../kafka/LogRecord.js";
import { forget, type Memory, remember, type RememberedMessage } from "./Memory.js";
import { type IncomingLimits, readIncoming } from "./readIncoming.js";
import { readReply, type Reply } from "./Reply.js";

/**
 * What the conversations remember, from the chat topic alone: the same fold that assistants make message by message, and
 * write to the memory topic. Messages without a reply are not part of it yet. Not trimmed.
 * @param records one partition's, in the order of their offsets.
 */
export function foldLog(records: LogRecord[], limits: IncomingLimits): Map<string, Memory> {
  const replies = new Map<string, Reply>();
  for (const record of records) {
    const reply = readReply(record);
    if (reply !== undefined && !replies.has(`${reply.conversation}\n${reply.replyTo}`)) replies.set(`${reply.conversation}\n${reply.replyTo}`, reply);
  }
  const memories = new Map<string, Memory>();
  /** Conversations with a message that waits for its reply: what comes after it is not part of the memory yet. */
  const waiting = new Set<string>();
  for (const record of records) {
    const incoming = readIncoming(record, limits);
    if (incoming.kind === "bad" || incoming.kind === "reply" || waiting.has(incoming.conversation)) continue;
    const { conversation, offset } = incoming;
    const memory = memories.get(conversation);
    if (incoming.kind === "delete") {
      memories.set(conversation, forget(memory, offset));
      continue;
    }
    const { identity, message: { text } } = incoming;
    if (memory?.identities.includes(identity)) continue;
    if (incoming.kind === "remark") {
      memories.set(conversation, remember(memory, { offset, identity, messages: [{ id: identity, role: "AI", text, offset }] }));
      continue;
    }
    const reply = replies.get(`${conversation}\n${identity}`);
    if (reply === undefined) waiting.add(conversation);
    else memories.set(conversation, remember(memory, { offset, identity, messages: turn(identity, text, offset, reply) }));
  }
  return memories;
}

function turn(identity: string, text: string, offset: bigint, reply: Reply): RememberedMessage[] {
  if (reply.error !== undefined) return [];
  const asked: RememberedMessage = { id: identity, role: "human", text, offset };
  return reply.text === "" ? [asked] : [asked, { id: reply.id, role: "AI", text: reply.text, offset: reply.offset }];
}
