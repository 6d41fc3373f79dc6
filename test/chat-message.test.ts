import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseMessage, serializeMessage } from "kafka-llm-chat";
import { BadRecordError } from "kafka-llm-chat/internal/chat/ChatMessage.js";
import { replyIdOf } from "kafka-llm-chat/internal/chat/identity.js";
import { parseMemory, type Memory, remember, serializeMemory, trimmer } from "kafka-llm-chat/internal/chat/Memory.js";
import { ReplyStream } from "kafka-llm-chat/internal/chat/ReplyStream.js";
import type { TokenRecord } from "kafka-llm-chat/internal/chat/TokenRecord.js";

/** As Python's json.dumps writes it in the original walkthrough. */
const PYTHON = '{"uuid": "c0ffee", "role": "human", "text": "Gr\\u00fc\\u00dfe \\ud83e\\udd16", "conversation_id": "c0ffee", "Timestamp": 1732402800123456789}';

describe("the wire format", () => {
  test("keeps every nanosecond of a Python program's Timestamp", () => {
    const message = parseMessage(Buffer.from(PYTHON));
    assert.equal(message.timestamp, 1732402800123456789n);
    assert.match(serializeMessage(message), /"Timestamp":1732402800123456789[,}]/);
    assert.deepEqual(parseMessage(Buffer.from(serializeMessage(message))), message);
  });

  test("reads umlauts and emoji that are escaped or not", () => {
    assert.equal(parseMessage(Buffer.from(PYTHON)).text, "Grüße 🤖");
    assert.equal(parseMessage(Buffer.from(PYTHON.replace("Gr\\u00fc\\u00dfe \\ud83e\\udd16", "Grüße 🤖"))).text, "Grüße 🤖");
  });

  test("leaves fields aside that it does not know", () => {
    assert.equal(parseMessage(Buffer.from(PYTHON.replace("{", '{"mood": {"bored": [1e400, null]}, '))).role, "human");
  });

  test("takes the last of a name that occurs twice, as Python does", () => {
    assert.equal(parseMessage(Buffer.from(PYTHON.replace('"role"', '"role": "AI", "role"'))).role, "human");
  });

  const bad: [string, string | Buffer | null, string][] = [
    ["no value", null, "not-json"],
    ["an empty value", "", "not-json"],
    ["text that is not JSON", "hello", "not-json"],
    ["JSON cut off", PYTHON.slice(0, 50), "not-json"],
    ["bytes that are not UTF-8", Buffer.concat([Buffer.from(PYTHON.slice(0, -1)), Buffer.from([0xff, 0x7d])]), "not-json"],
    ["JSON that is a list", "[1]", "not-json"],
    ["JSON that is a number", "42", "not-json"],
    ["JSON nested too deeply to read", "[".repeat(200_000), "not-json"],
    ["a missing field", PYTHON.replace('"text"', '"txt"'), "missing-field"],
    ["a missing Timestamp", PYTHON.replace('"Timestamp"', '"timestamp"'), "missing-field"],
    ["a text that is a number", PYTHON.replace(/"text": "[^"]*"/, '"text": 42'), "wrong-type"],
    ["a Timestamp with a fraction", PYTHON.replace("1732402800123456789", "1732402800.5"), "wrong-type"],
    ["a Timestamp that is text", PYTHON.replace("1732402800123456789", '"now"'), "wrong-type"],
    ["a role that nobody has", PYTHON.replace('"human"', '"system"'), "unknown-role"],
  ];
  for (const [title, value, reason] of bad) {
    test(`refuses ${title}: ${reason}`, () => {
      assert.throws(() => parseMessage(value === null ? null : Buffer.from(value)), (error: BadRecordError) => error instanceof BadRecordError && error.reason === reason);
    });
  }

  test("gives a reply an id that both sides can tell beforehand, and another one for another conversation", () => {
    assert.equal(replyIdOf("a", "b"), replyIdOf("a", "b"));
    assert.notEqual(replyIdOf("a", "b"), replyIdOf("b", "a"));
    assert.match(replyIdOf("a", "b"), /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab]/);
  });
});

describe("the memory of a conversation", () => {
  const words = (text: string): number => text.split(" ").length;
  const turn = (memory: Memory | undefined, offset: bigint, text: string): Memory => (
    remember(memory, { offset, identity: `id-${offset}`, messages: [{ id: `id-${offset}`, role: "human", text, offset }] }));

  test("survives the topic", () => {
    const memory = turn(turn(undefined, 3n, "Hello"), 9_007_199_254_740_993n, "my name is Anna");
    assert.deepEqual(parseMemory(Buffer.from(serializeMemory(memory))), memory);
    assert.equal(memory.firstOffset, 3n);
  });

  test("is left alone while it fits, and then loses its oldest half, but neither the last question nor its reply", async () => {
    let memory = turn(undefined, 1n, "one two three");
    for (const [offset, text] of [[2n, "four five"], [3n, "six"], [4n, "seven"]] as const) memory = turn(memory, offset, text);
    const kept = async (maxTokens: number): Promise<string[]> => (await trimmer(maxTokens, words)(memory)).messages.map(({ text }) => text);
    assert.deepEqual(await kept(7), ["one two three", "four five", "six", "seven"]);
    assert.deepEqual(await kept(6), ["six", "seven"]);
    assert.deepEqual(await kept(3), ["six", "seven"], "more than half, since it is the last turn");
    assert.deepEqual(await kept(1), ["seven"]);
    assert.deepEqual(await kept(0), []);
  });

  test("keeps the last 64 identities", () => {
    let memory: Memory | undefined;
    for (let offset = 0n; offset < 70n; offset++) memory = turn(memory, offset, "x");
    assert.equal(memory?.identities.length, 64);
    assert.equal(memory.identities.at(-1), "id-69");
  });
});

describe("a reply that is being written", () => {
  const watch = (): { shown: string[]; stream: ReplyStream } => {
    const shown: string[] = [];
    return { shown, stream: new ReplyStream({ onText: (text) => shown.push(text), onRestart: () => shown.push("<restart>") }) };
  };
  const piece = (index: number, text: string, more: Partial<TokenRecord> = {}): TokenRecord => ({ reply: "r", attempt: [1, 1], index, text, last: false, ...more });

  test("is shown piece by piece, each once", () => {
    const { shown, stream } = watch();
    for (const record of [piece(0, "Hel"), piece(0, "Hel"), piece(1, "lo"), piece(2, "", { last: true })]) stream.add(record);
    stream.finish("Hello");
    assert.deepEqual(shown, ["Hel", "lo"]);
    assert.ok(stream.isComplete);
  });

  test("begins again when a later attempt does, and takes no more of the earlier one", () => {
    const { shown, stream } = watch();
    for (const record of [piece(0, "Hel"), piece(0, "Good", { attempt: [5, 1] }), piece(1, "lo"), piece(1, " day", { attempt: [5, 1] })]) stream.add(record);
    stream.finish("Good day");
    assert.deepEqual(shown, ["Hel", "<restart>", "Good", " day"]);
  });

  test("waits for the committed reply where a piece is missing", () => {
    const { shown, stream } = watch();
    for (const record of [piece(0, "A "), piece(2, "is"), piece(3, " a log")]) stream.add(record);
    stream.finish("A topic is a log");
    assert.deepEqual(shown, ["A ", "topic is a log"]);
  });

  test("gives way to a committed reply that says something else", () => {
    const { shown, stream } = watch();
    stream.add(piece(0, "No"));
    stream.finish("Yes");
    assert.deepEqual(shown, ["No", "<restart>", "Yes"]);
  });
});
