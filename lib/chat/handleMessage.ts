import type { LogRecord, NewRecord } from "../kafka/LogRecord.js";
import { type Answer, answer } from "./answer.js";
import type { AssistantContext } from "./AssistantContext.js";
import type { AssistantEvent } from "./AssistantEvent.js";
import { errorRecord } from "./errorRecord.js";
import { replyIdOf } from "./identity.js";
import { forget, type Memory, remember, type RememberedMessage, toMessages } from "./Memory.js";
import { buildPrompt } from "./prompt.js";
import type { Incoming } from "./readIncoming.js";
import { replyRecord } from "./replyRecord.js";

/** A record that belongs to a conversation and changes it. */
export type Message = Extract<Incoming, { kind: "question" | "remark" | "delete" }>;

/** What a message turned out to be worth writing: all of it in one transaction, which its memory keeps from happening twice. */
export interface Result {
  /** The reply, and the message in the memory that stands for it. */
  reply?: { id: string; record: NewRecord; remembered: RememberedMessage | undefined };
  memory?: { conversation: string; memory: Memory };
  error?: NewRecord;
  event?: AssistantEvent;
}

/** What the partition knows that a message lies in. */
export interface Place {
  context: AssistantContext;
  partition: number;
  /** Claim of the partition's owner: a later one's pieces of a reply win. */
  claim: number;
  /** When the record arrived (performance.now()). */
  arrived: number;
  /** Aborted when the work must not count any more. */
  signal: AbortSignal;
}

/**
 * Handles one message of a conversation, given what the conversation remembers. An empty result: it was handled before.
 * @throws the reason of the place's signal when that is aborted.
 */
export async function handleMessage(place: Place, record: LogRecord, message: Message, memory: Memory | undefined): Promise<Result> {
  const { conversation, offset } = message;
  if (memory !== undefined && offset <= memory.answeredOffset) return {};
  if (message.kind === "delete") return { memory: { conversation, memory: forget(memory, offset) } };
  if (memory?.identities.includes(message.identity)) return {};
  return message.kind === "remark" ? handleRemark(place, message, memory) : handleQuestion(place, record, message, memory);
}

async function handleRemark({ context }: Place, message: Extract<Message, { kind: "remark" }>, memory: Memory | undefined): Promise<Result> {
  const { conversation, identity, offset, message: { text } } = message;
  const messages: RememberedMessage[] = [{ id: identity, role: "AI", text, offset }];
  return { memory: { conversation, memory: await context.trim(remember(memory, { offset, identity, messages })) } };
}

async function handleQuestion(place: Place, record: LogRecord, message: Extract<Message, { kind: "question" }>, memory: Memory | undefined): Promise<Result> {
  const { context, partition } = place;
  const { conversation, identity, offset, message: { text } } = message;
  context.onEvent({ type: "question", partition, conversation, text });
  const id = replyIdOf(conversation, identity);
  const started = performance.now();
  const given = await generate(place, message, id, memory);
  const { error } = given;
  const times = { waitMs: started - place.arrived, answerMs: performance.now() - started };
  // An error is no part of the conversation: neither the question nor what the person was told about it is remembered.
  const asked: RememberedMessage[] = error === undefined ? [{ id: identity, role: "human", text, offset }] : [];
  const replied: RememberedMessage[] = error === undefined && given.text !== "" ? [{ id, role: "AI", text: given.text, offset }] : [];
  return {
    reply: { id, record: replyRecord({ ...context, partition, conversation, question: identity, reply: id, answer: given, ...times }), remembered: replied[0] },
    memory: { conversation, memory: await context.trim(remember(memory, { offset, identity, messages: [...asked, ...replied] })) },
    ...(error === undefined ? {} : { error: errorRecord(context.topics.errors, record, error.reason, error.message) }),
    event: { type: "reply", partition, conversation, text: given.text, cancelled: given.cancelled, error: error?.message },
  };
}

async function generate({ context, partition, claim, signal }: Place, { conversation, identity, message }: Extract<Message, { kind: "question" }>, reply: string, memory: Memory | undefined): Promise<Answer> {
  const { model, persona, timeLimitMs, attempts, tokens, cancellations } = context;
  const cancel = cancellations.signalOf(identity);
  try {
    const prompt = await buildPrompt({ persona, history: memory === undefined ? [] : toMessages(memory), input: message.text });
    const openStream = (attempt: number) => tokens.open({ partition, conversation, reply, attempt: [claim, attempt] });
    return await answer({ model, prompt, conversation, timeLimitMs, attempts, cancel, signal, openStream });
  } finally {
    cancellations.end(identity);
  }
}
