import { AIMessage, type BaseMessage, HumanMessage, trimMessages } from "@langchain/core/messages";
import type { Role } from "./ChatMessage.js";

/** A message that a conversation remembers. */
export interface RememberedMessage {
  id: string;
  role: Role;
  text: string;
  /** Where it lies in the chat topic. A reply learns it when it is written, just before its memory is. */
  offset: bigint;
}

/** All that is known of a conversation: a fold of its records, kept in the memory topic. */
export interface Memory {
  /** Offset of the last record that went into this: every message at or below it has been answered. */
  answeredOffset: bigint;
  /** Identities of the last 64 messages, so that a message sent twice is answered once. */
  identities: string[];
  /** Offset of the conversation's first record. */
  firstOffset: bigint;
  /** Offset of the record that deleted the conversation: nothing before it counts. */
  deletedThrough: bigint | null;
  messages: RememberedMessage[];
}

const MOST_IDENTITIES = 64;

/** Adds messages to a conversation, of which the last identity is that of the record at `offset`. */
export function remember(memory: Memory | undefined, { offset, identity, messages }: { offset: bigint; identity: string; messages: RememberedMessage[] }): Memory {
  return {
    answeredOffset: offset,
    identities: [...memory?.identities ?? [], identity].slice(-MOST_IDENTITIES),
    firstOffset: memory?.firstOffset ?? offset,
    deletedThrough: memory?.deletedThrough ?? null,
    messages: [...memory?.messages ?? [], ...messages],
  };
}

/** What is left of a conversation that was deleted: where, and which messages were answered before. */
export function forget(memory: Memory | undefined, offset: bigint): Memory {
  return { answeredOffset: offset, identities: memory?.identities ?? [], firstOffset: offset, deletedThrough: offset, messages: [] };
}

/** Makes a memory fit, or leaves it as it is. */
export type Trim = (memory: Memory) => Promise<Memory>;

/**
 * Once the messages have more than that many tokens, drops the oldest until the rest has at most half of that, by LangChain's
 * trimMessages; only where that would leave less than the last question and its reply, until the rest fits. In large steps, since
 * after each one the model reads the whole prompt anew, whereas before the next one it reads only what has been added.
 */
export function trimmer(maxTokens: number, countTokens: (text: string) => number): Trim {
  const tokenCounter = (messages: BaseMessage[]): number => messages.reduce((sum, message) => sum + countTokens(message.text), 0);
  return async (memory) => {
    const messages = toMessages(memory);
    if (tokenCounter(messages) <= maxTokens) return memory;
    const last = (most: number): Promise<BaseMessage[]> => trimMessages(messages, { maxTokens: most, strategy: "last", tokenCounter });
    const half = await last(Math.floor(maxTokens / 2));
    const kept = half.length < 2 ? await last(maxTokens) : half;
    return { ...memory, messages: memory.messages.slice(memory.messages.length - kept.length) };
  };
}

/** The remembered messages as LangChain's. */
export function toMessages({ messages }: Memory): BaseMessage[] {
  return messages.map(({ id, role, text }) => (role === "AI" ? new AIMessage({ id, content: text }) : new HumanMessage({ id, content: text })));
}

/** The value of a record in the memory topic. Offsets are strings: JSON's numbers do not hold them. */
export function serializeMemory(memory: Memory): string {
  return JSON.stringify({
    v: 1,
    answered_offset: memory.answeredOffset.toString(),
    identities: memory.identities,
    first_offset: memory.firstOffset.toString(),
    deleted_through: memory.deletedThrough?.toString() ?? null,
    messages: memory.messages.map(({ id, role, text, offset }) => ({ id, role, text, offset: offset.toString() })),
  });
}

/** @throws Error when the value is not what serializeMemory writes: the memory topic is written by assistants alone. */
export function parseMemory(value: Buffer): Memory {
  const stored = JSON.parse(value.toString()) as {
    v: number; answered_offset: string; identities: string[]; first_offset: string; deleted_through: string | null;
    messages: { id: string; role: Role; text: string; offset: string }[];
  };
  if (stored.v !== 1) throw new Error(`Memory of version ${stored.v} cannot be read: this program knows version 1`);
  return {
    answeredOffset: BigInt(stored.answered_offset),
    identities: stored.identities,
    firstOffset: BigInt(stored.first_offset),
    deletedThrough: stored.deleted_through === null ? null : BigInt(stored.deleted_through),
    messages: stored.messages.map(({ id, role, text, offset }) => ({ id, role, text, offset: BigInt(offset) })),
  };
}
