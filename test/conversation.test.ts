import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { cancelReplies, checkMemory, connectKafka, type ConversationEvent, followConversation, listErrors, openChat, parseMessage, partitionOfKey, resend, type RunningAssistant, serializeMessage, type Settings, startAssistant, type StartAssistantOptions, topicsOf } from "kafka-llm-chat";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { readPartitions } from "kafka-llm-chat/internal/kafka/readPartitions.js";
import { readLog, writeLog } from "./support/readLog.js";
import { run } from "./support/setup-machine.js";
import { forever, type Script, ScriptedModel } from "./support/ScriptedModel.js";
import { type TestCluster, testCluster } from "./support/testCluster.js";

const ENTRY = path.join(repositoryRoot, "setup", "run.mjs");

/** How often a word is written whose writing is to be cancelled, in milliseconds. */
const WORD_MS = 20;

/** Tells what it was shown, in words that the test can count. */
const echo: Script = async function* (input, prompt) {
  yield `re: ${input}`;
  yield ` (${prompt.length - 2} before)`;
};

describe("a conversation, from every side", { timeout: 240_000 }, () => {
  let cluster: TestCluster;
  const started: { stop(): Promise<void> }[] = [];

  before(async () => {
    cluster = await testCluster();
  });
  after(async () => {
    await Promise.allSettled(started.map((one) => one.stop()));
    await cluster.stop();
  });

  const assistant = async (settings: Settings, script: Script = echo, options: Partial<StartAssistantOptions> = {}): Promise<RunningAssistant> => {
    const running = await startAssistant({ settings, model: new ScriptedModel(script), sessionTimeoutMs: 3_000, ...options });
    started.push(running);
    return running;
  };
  const open = async (settings: Settings, conversation = randomUUID()): ReturnType<typeof openChat> => {
    const chat = await openChat({ settings, conversation });
    started.push(chat);
    return chat;
  };
  /** Follows in the background; `events` grows. */
  const follow = (settings: Settings, conversation: string, history?: "window" | "all"): { events: ConversationEvent[]; until: (what: (events: ConversationEvent[]) => boolean) => Promise<unknown> } => {
    const abort = new AbortController();
    const events: ConversationEvent[] = [];
    const done = (async () => {
      for await (const event of followConversation({ settings, conversation, signal: abort.signal, ...(history === undefined ? {} : { history }) })) events.push(event);
    })();
    started.push({
      stop: () => {
        abort.abort();
        return done;
      },
    });
    return { events, until: (what) => waitUntil(() => what(events), { description: `Events not as expected: ${JSON.stringify(events.map(({ type }) => type))}`, timeoutMs: 10_000 }) };
  };
  const texts = (events: ConversationEvent[]): string[] => events.flatMap((event) => (event.type === "message" ? [event.text] : []));
  const pieces = (events: ConversationEvent[]): string[] => events.flatMap((event) => (event.type === "text" ? [event.text] : []));
  const joined = (events: ConversationEvent[]): boolean => events.some(({ type }) => type === "joined");

  test("is joined late, twice, and from another place: each message once, nothing left out, also the reply that is being written", async () => {
    const settings = cluster.settings();
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    await assistant(settings, async function* (input) {
      yield "re: ";
      if (input === "held") {
        yield "half ";
        await held;
      }
      yield input;
    });
    const chat = await open(settings);
    await chat.say("one");
    await chat.say("two");
    const early = follow(settings, chat.conversation);
    await early.until(joined);
    const third = chat.say("held");
    await early.until((events) => events.some((event) => event.type === "text" && event.text.includes("half")));
    const late = follow(settings, chat.conversation);
    await late.until((events) => pieces(events).join("").includes("re: half "));
    goOn();
    await third;
    const all = ["one", "re: one", "two", "re: two", "held", "re: half held"];
    for (const place of [early, late]) {
      await place.until((events) => texts(events).length >= all.length);
      assert.deepEqual(texts(place.events), all);
      const reply = place.events.find((event) => event.type === "message" && event.text === "re: half held");
      const written = place.events.flatMap((event) => (event.type === "text" && event.reply === (reply as { id?: string }).id ? [event.text] : []));
      assert.equal(written.join(""), "re: half held", "the pieces are the reply");
      assert.equal(place.events.filter(({ type }) => type === "text").length, written.length, "no piece of a reply from before");
    }
  });

  test("has its messages in the order in which they were said, also when nobody waits for the replies", async () => {
    const settings = cluster.settings();
    const chat = await open(settings);
    await assistant(settings);
    const said = Array.from({ length: 30 }, (_, n) => `message ${n}`);
    const replies = await Promise.all(said.map((text) => chat.say(text)));
    assert.deepEqual(replies.map(({ text }) => text), said.map((text, n) => `re: ${text} (${n === 0 ? 0 : 2 * n} before)`));
  });

  test("shows on request what the assistant has forgotten, and is gone when it is deleted", async () => {
    const settings = cluster.settings();
    await assistant(settings, echo, { memoryTokens: 8 });
    const chat = await open(settings);
    for (const text of ["one", "two", "three", "four"]) await chat.say(text);
    const [window, whole] = [follow(settings, chat.conversation), follow(settings, chat.conversation, "all")];
    await window.until(joined);
    await whole.until(joined);
    assert.equal(texts(whole.events).length, 8);
    assert.ok(texts(window.events).length < 8 && texts(window.events).at(-1)?.startsWith("re: four"), JSON.stringify(texts(window.events)));
    await chat.delete();
    await window.until((events) => events.some(({ type }) => type === "deleted"));
    assert.equal((await chat.say("five")).text, "re: five (0 before)", "nothing is remembered");
    const after = follow(settings, chat.conversation, "all");
    await after.until(joined);
    assert.deepEqual(texts(after.events), ["five", "re: five (0 before)"]);
    for (const place of [window, whole]) {
      await place.until((events) => texts(events).includes("re: five (0 before)"));
      assert.equal(pieces(place.events).join(""), "re: five (0 before)", "no piece of a reply from before, however fresh it is");
    }
  });

  test("shows who joins while it is being deleted nothing of the reply that was being written", async () => {
    const settings = cluster.settings();
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    await assistant(settings, async function* (input) {
      yield "re: ";
      if (input === "held") await held;
      yield input;
    });
    const chat = await open(settings);
    await chat.say("one");
    const early = follow(settings, chat.conversation);
    const reply = chat.say("held");
    await early.until((events) => pieces(events).length > 0);
    await chat.delete();
    await early.until((events) => events.some(({ type }) => type === "deleted"));
    const late = [follow(settings, chat.conversation), follow(settings, chat.conversation, "all")];
    for (const place of late) await place.until(joined);
    goOn();
    assert.equal((await reply).text, "re: held", "who has asked gets the answer");
    await chat.say("two");
    for (const place of [early, ...late]) {
      const sinceDeleted = (): ConversationEvent[] => place.events.slice(place.events.findIndex(({ type }) => type === "deleted") + 1);
      await place.until(() => texts(sinceDeleted()).includes("re: two"));
      assert.deepEqual(texts(sinceDeleted()), ["two", "re: two"]);
      assert.equal(pieces(sinceDeleted()).join(""), "re: two");
    }
    const after = follow(settings, chat.conversation, "all");
    await after.until(joined);
    assert.deepEqual(texts(after.events), ["two", "re: two"]);
  });

  test("is joined while an attempt is under way that is not the first, and after a message that failed: what does not count is not shown", async () => {
    const settings = cluster.settings();
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    let attempts = 0;
    await assistant(settings, async function* (input) {
      if (input === "broken") throw new Error("out of memory");
      attempts += 1;
      yield `attempt ${attempts}`;
      if (attempts === 1) throw new Error("shaky");
      await held;
      yield " and the end";
    });
    const chat = await open(settings);
    assert.equal((await chat.say("broken")).error, "model-failed");
    const afterError = follow(settings, chat.conversation);
    await afterError.until(joined);
    const reply = chat.say("shaky");
    await afterError.until((events) => pieces(events).includes("attempt 2"));
    // At once, from two places that are no less late than each other.
    const late = [follow(settings, chat.conversation), follow(settings, chat.conversation)];
    for (const place of late) await place.until((events) => pieces(events).includes("attempt 2"));
    goOn();
    await reply;
    for (const place of [afterError, ...late]) {
      await place.until((events) => texts(events).length === 2);
      assert.deepEqual(texts(place.events), ["shaky", "attempt 2 and the end"], "nothing of the message that failed");
      const shown = place.events.slice(place.events.findLastIndex(({ type }) => type === "restart") + 1);
      assert.equal(pieces(shown).join(""), "attempt 2 and the end");
    }
  });

  test("is cancelled by its person while it is written; a wish that comes when the reply is finished has no effect, and the person is told", async () => {
    const settings = cluster.settings();
    await assistant(settings, async function* (input, _prompt, signal) {
      yield "so far";
      if (input === "endless") await forever(signal);
    });
    const chat = await open(settings);
    const cancel = new AbortController();
    let shown = "";
    const reply = chat.say("endless", { signal: cancel.signal, onText: (text) => {
      shown += text;
      cancel.abort();
    } });
    const { text, cancelled } = await reply;
    assert.deepEqual([text, cancelled, shown], ["so far", true, "so far"]);

    const late = new AbortController();
    const notices: string[] = [];
    const short = await chat.say("short", { signal: late.signal, onText: () => late.abort(), onNotice: (notice) => notices.push(notice) });
    assert.deepEqual([short.text, short.cancelled], ["so far", false]);
    assert.deepEqual(notices, ["The reply was finished before the wish to cancel it came."]);
  });

  test("is cancelled by another process, wherever it is answered: what is written, and what waits for its turn", async (context) => {
    const settings = cluster.settings();
    const { control } = topicsOf(settings.chatTopic);
    const env = { ...process.env, KAFKA_BROKERS: settings.cluster.brokers.join(","), CHAT_TOPIC: settings.chatTopic };
    await assistant(settings, async function* (_input, _prompt, signal) {
      for (;;) {
        yield "word ";
        await delay(WORD_MS, undefined, { signal });
      }
    });
    const chat = await open(settings);
    const nothing = await run(process.execPath, [ENTRY, "chat", "--cancel", chat.conversation], { env });
    assert.deepEqual([nothing.code, nothing.output.trim()], [1, `Nothing is being answered in conversation ${chat.conversation}`]);

    let shown = "";
    let lastWord = 0;
    const first = chat.say("one", { onText: (text) => {
      shown += text;
      lastWord = performance.now();
    } });
    const second = chat.say("two");
    let wished = 0;
    const wishes = await readPartitions(connectKafka(settings.cluster), {
      positions: [{ topic: control, partition: partitionOfKey(chat.conversation, 6), offset: 0n }], onError: (error) => assert.fail(error),
      onRecord: () => (wished ||= performance.now()),
    });
    started.push(wishes);
    await waitUntil(() => shown !== "", { description: "Nothing is being written", timeoutMs: 20_000 });
    const { code, output } = await run(process.execPath, [ENTRY, "chat", "--cancel", chat.conversation], { env });
    const [stopped, unwritten] = await Promise.all([first, second]);
    assert.deepEqual([stopped.cancelled, unwritten.cancelled, stopped.text, unwritten.text], [true, true, shown, ""]);
    assert.equal(code, 0, output);
    assert.ok(output.includes(`Cancelled the reply to "one". It is: ${shown}\n`) && output.includes('Cancelled the reply to "two". It is: (nothing was written)'), output);
    const committed = (stopped.person?.saidAt ?? 0) + (stopped.person?.committedMs ?? 0) - performance.timeOrigin;
    const [untilLastWord, untilReply] = [Math.max(0, lastWord - wished), committed - wished];
    context.diagnostic(`from the wish, as read from its topic, to the last word ${untilLastWord.toFixed(0)} ms, to the committed reply ${untilReply.toFixed(0)} ms; a word was written every ${WORD_MS} ms`);
    assert.ok(untilLastWord < 5_000 && untilReply < 10_000, `${untilLastWord} ms, ${untilReply} ms`);
  });

  test("has a wish to cancel heeded also by an assistant that starts after it, and whoever wishes is told that nobody has answered", async () => {
    const settings = cluster.settings();
    const chat = await open(settings);
    const reply = chat.say("never");
    await waitUntil(async () => (await readLog(settings, settings.chatTopic)).length > 0, { description: "Nothing is said", timeoutMs: 10_000 });
    const [wish, ...others] = await cancelReplies({ settings, conversation: chat.conversation, timeoutMs: 2_000 });
    assert.deepEqual([wish?.text, wish?.reply, others], ["never", undefined, []]);
    await assistant(settings);
    assert.deepEqual([(await reply).text, (await reply).cancelled], ["", true]);
    assert.deepEqual(await cancelReplies({ settings, conversation: chat.conversation }), [], "it is answered now");
  });

  test("is streamed with few requests where the model is fast: the beginning at once, the rest every 20 ms", async () => {
    const settings = cluster.settings();
    await assistant(settings, async function* () {
      for (let word = 0; word < 100; word++) {
        await delay(1);
        yield `word ${word} `;
      }
    });
    const chat = await open(settings);
    const reply = await chat.say("Go on");
    const records = (await readLog(settings, topicsOf(settings.chatTopic).tokens)).map(({ value }) => JSON.parse(String(value)) as { text: string });
    assert.equal(records.map(({ text }) => text).join(""), reply.text);
    assert.equal(records[0]?.text, "word 0 ");
    const most = Number(reply.timings["answerMs"]) / 20 + 3;
    assert.ok(records.length <= most, `${records.length} requests, at most ${most.toFixed(0)}`);
  });

  test("has a memory that the chat topic alone gives again, also after a delete, an error, a cancel, a repeat and a remark", async () => {
    const settings = cluster.settings();
    const { chat: topic, memory } = topicsOf(settings.chatTopic);
    const running = await assistant(settings, async function* (input, _prompt, signal) {
      yield `re: ${input}`;
      if (input === "endless") await forever(signal);
      if (input === "broken") throw new Error("broken");
    });
    const chat = await open(settings);
    await chat.greet();
    await chat.say("one");
    await chat.say("broken");
    await chat.delete();
    await chat.say("two");
    const cancel = new AbortController();
    await chat.say("endless", { signal: cancel.signal, onText: () => cancel.abort() });
    const twice = { topic, partition: partitionOfKey(chat.conversation, 6), key: chat.conversation, headers: { uuid: randomUUID() },
      value: serializeMessage({ uuid: "x", role: "human", text: "twice", conversation: chat.conversation, timestamp: 1n }) };
    await writeLog(settings, [twice, twice]);
    await chat.say("three");
    await open(settings).then((other) => other.say("other"));
    await running.stop();
    const model = new ScriptedModel(echo);
    assert.deepEqual(await checkMemory({ settings, model }), { conversations: 2, different: [], missing: [], surplus: [], elsewhere: [] });

    await writeLog(settings, [{ topic: memory, partition: partitionOfKey(chat.conversation, 6), key: chat.conversation, value: null }]);
    assert.deepEqual((await checkMemory({ settings, model, write: true })).missing, [chat.conversation]);
    assert.deepEqual((await checkMemory({ settings, model })).missing, []);
    await assistant(settings);
    assert.match((await chat.say("four")).text, /\(8 before\)/, "two, endless, twice, three, and their replies");
  });

  test("has the same memory in the chat topic and in the memory topic after that was cut several times", async () => {
    const settings = cluster.settings();
    const running = await assistant(settings);
    const chat = await open(settings);
    const sixtyWords = "word ".repeat(60).trim();
    const before: string[] = [];
    for (let turn = 0; turn < 6; turn++) before.push(/\(\d+ before\)/.exec((await chat.say(sixtyWords)).text)?.[0] ?? "");
    await running.stop();
    assert.deepEqual(before, [0, 2, 4, 2, 4, 2].map((count) => `(${count} before)`), "cut to the last turn whenever a third one makes more than 300 tokens");
    assert.deepEqual(await checkMemory({ settings, model: new ScriptedModel(echo) }), { conversations: 1, different: [], missing: [], surplus: [], elsewhere: [] });
  });

  test("is no part of the memory as far as another program of the group has answered it, and the check tells that from a fault", async () => {
    const settings = cluster.settings();
    const { chat: topic, group, memory } = topicsOf(settings.chatTopic);
    const model = new ScriptedModel(echo);
    const [greeted, bare, mixed] = await Promise.all([open(settings), open(settings), open(settings)]);
    const first = await assistant(settings);
    await mixed.say("one");
    await first.stop();
    await greeted.greet();
    // The simple form of notebook 4: it replies without a word about what it answers, and commits nothing but the offset.
    const simple = await startSimpleForm(settings, topic, group);
    for (const chat of [greeted, bare, mixed]) await askSimpleForm(settings, chat.conversation, "simple");
    await simple.stop();
    const running = await assistant(settings);
    assert.equal((await mixed.say("and now?")).text, "re: and now? (2 before)", "the first turn, and nothing of what the other program said");
    await running.stop();
    const { elsewhere, ...rest } = await checkMemory({ settings, model });
    assert.deepEqual(rest, { conversations: 3, different: [], missing: [], surplus: [] });
    assert.deepEqual(elsewhere.sort(), [greeted, bare, mixed].map(({ conversation }) => conversation).sort());

    await writeLog(settings, [{ topic: memory, partition: partitionOfKey(mixed.conversation, 6), key: mixed.conversation, value: null }]);
    assert.deepEqual((await checkMemory({ settings, model, write: true })).missing, [mixed.conversation], "what an assistant answered has to be there");
    await assistant(settings);
    assert.equal((await mixed.say("still?")).text, "re: still? (4 before)");
  });

  test("gets one reply that takes longer than the session and the rebalance may, also when another assistant joins meanwhile", async () => {
    const settings = cluster.settings();
    const short = { sessionTimeoutMs: 1_000, rebalanceTimeoutMs: 1_000 };
    const patient: Script = async function* (input, _prompt, signal) {
      yield "re: ";
      // Longer than both limits, and until the other one has joined.
      const abort = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));
      await Promise.race([delay(3_000), abort]);
      yield input;
    };
    await assistant(settings, patient, short);
    const chats = await Promise.all(Array.from({ length: 6 }, () => open(settings)));
    const replies = Promise.all(chats.map((chat) => chat.say("long")));
    await delay(500);
    await assistant(settings, patient, short);
    assert.deepEqual((await replies).map(({ text }) => text), chats.map(() => "re: long"));
    const log = await readLog(settings, settings.chatTopic);
    assert.equal(log.filter(({ headers }) => headers.has("reply_to")).length, chats.length, "each exactly once");
  });

  test("keeps a reply that is being written when its assistant is asked to leave: it is finished and committed first", async () => {
    const settings = cluster.settings();
    const running = await assistant(settings, async function* (input) {
      yield "re: ";
      await delay(500);
      yield input;
    });
    const chat = await open(settings);
    let begun: () => void = () => undefined;
    const writing = new Promise<void>((resolve) => (begun = resolve));
    const reply = chat.say("drained", { onText: () => begun() });
    await writing;
    await running.stop();
    assert.equal((await reply).text, "re: drained");
    assert.equal((await reply).worker, running.worker);
  });

  test("has assistants that say so when there is no partition left for them", async () => {
    const settings = cluster.settings();
    const admin = connectKafka(settings.cluster).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: settings.chatTopic, numPartitions: 1 }], waitForLeaders: true });
    await admin.disconnect();
    const assignments: number[][] = [];
    const options: Partial<StartAssistantOptions> = { onEvent: (event) => event.type === "assigned" && assignments.push(event.partitions) };
    await assistant(settings, echo, options);
    await assistant(settings, echo, options);
    await waitUntil(() => assignments.some((partitions) => partitions.length === 0), { description: "Nobody is idle", timeoutMs: 10_000 });
    assert.equal((await (await open(settings)).say("hello")).text, "re: hello (0 before)");
  });

  test("gets a message that failed again, under a new identity", async () => {
    const settings = cluster.settings();
    let broken = true;
    await assistant(settings, async function* (input) {
      if (broken) throw new Error("out of memory");
      yield `re: ${input}`;
    });
    const chat = await open(settings);
    const failed = await chat.say("please");
    assert.equal(failed.error, "model-failed");
    broken = false;
    const [record] = await listErrors(settings);
    assert.equal(record?.reason, "model-failed");
    const uuid = await resend(settings, record);
    const place = follow(settings, chat.conversation, "all");
    await place.until((events) => texts(events).includes("re: please"));
    const sent = (await readLog(settings, settings.chatTopic)).find(({ headers }) => headers.get("uuid") === uuid);
    assert.equal(sent?.headers.get("resend_of"), record.id);
    assert.equal(parseMessage(sent.value).uuid, uuid);
  });
});

/** Consumer 1 as notebook 4 shows it first. */
async function startSimpleForm(settings: Settings, topic: string, group: string): Promise<{ stop(): Promise<void> }> {
  const kafka = connectKafka(settings.cluster);
  const [consumer, producer] = [kafka.consumer({ groupId: group, maxWaitTimeInMs: 100 }), kafka.producer({ allowAutoTopicCreation: false })];
  await Promise.all([consumer.connect(), producer.connect()]);
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const { role, text, conversation } = parseMessage(message.value);
      if (role === "human") await producer.send({ topic, messages: [{ key: conversation, headers: { uuid: randomUUID() }, value: said("AI", `re: ${text}`, conversation) }] });
    },
  });
  return { stop: async () => void await Promise.all([consumer.disconnect(), producer.disconnect()]) };
}

async function askSimpleForm(settings: Settings, conversation: string, text: string): Promise<void> {
  const { chatTopic: topic } = settings;
  await writeLog(settings, [{ topic, partition: partitionOfKey(conversation, 6), key: conversation, headers: { uuid: randomUUID() }, value: said("human", text, conversation) }]);
  const answered = async (): Promise<boolean> => (await readLog(settings, topic)).some(({ key, value }) => key?.toString() === conversation && parseMessage(value).text === `re: ${text}`);
  await waitUntil(answered, { description: "The simple form has not answered", timeoutMs: 20_000 });
}

function said(role: "human" | "AI", text: string, conversation: string): string {
  return serializeMessage({ uuid: randomUUID(), role, text, conversation, timestamp: 1n });
}
