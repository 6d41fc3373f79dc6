import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { openChat, parseMessage, startAssistant } from "kafka-llm-chat";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { readLog } from "./readLog.js";
import { ScriptedModel } from "./ScriptedModel.js";
import { ownBroker } from "./testCluster.js";

export interface BrokerAwayOptions {
  /** How long it is away. */
  seconds: number;
  /** Frozen with all its connections, as by a machine that sleeps; or killed, and started again afterwards. */
  how: "frozen" | "killed";
}

/** Limit for everything to go on after the broker is back, in milliseconds. */
const RECOVERY_LIMIT_MS = 90_000;

/**
 * The broker goes away while one person reads a reply that is being written, and another one says something. Both are told;
 * when it is back both get one reply, with the whole memory.
 * @returns milliseconds from the broker's return to the last of the two replies.
 */
export async function brokerAway({ seconds, how }: BrokerAwayOptions): Promise<number> {
  const broker = await ownBroker();
  const settings = broker.settings();
  let goOn: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  const assistant = await startAssistant({ settings, model: new ScriptedModel(async function* (input, prompt) {
    yield `re: ${input}`;
    if (input === "held") await held;
    yield ` (${prompt.length - 2} before)`;
  }) });
  const notices = { reader: "", speaker: "" };
  const [reader, speaker] = await Promise.all([
    openChat({ settings, conversation: `reader-${randomUUID()}`, onNotice: (text) => (notices.reader += `${text}\n`) }),
    openChat({ settings, conversation: `speaker-${randomUUID()}`, onNotice: (text) => (notices.speaker += `${text}\n`) }),
  ]);
  try {
    await Promise.all([reader.say("hello"), speaker.say("hello")]);
    let shown = "";
    const writing = reader.say("held", { onText: (text) => (shown += text), timeoutMs: 600_000 });
    await waitUntil(() => shown !== "", { description: "Nothing is being written", timeoutMs: 20_000 });
    assert.deepEqual(notices, { reader: "", speaker: "" }, "all is well so far");

    const { pid } = broker.kafka;
    if (how === "frozen") await freeze(pid);
    else await broker.kill();
    const away = delay(seconds * 1_000);
    const meanwhile = speaker.say("meanwhile", { timeoutMs: 600_000 });
    for (const reply of [writing, meanwhile]) reply.catch(() => undefined);
    await waitUntil(() => notices.reader !== "" && notices.speaker !== "", { description: "Not told", timeoutMs: seconds * 1_000 });
    assert.match(notices.speaker, /^Kafka does not answer.*nothing is lost/);
    assert.match(notices.reader, /^Nothing more has come for a while.*nothing is lost/);
    goOn();
    await away;

    const back = performance.now();
    if (how === "frozen") process.kill(pid, "SIGCONT");
    else await broker.start();
    const replies = await Promise.race([Promise.all([writing, meanwhile]), delay(RECOVERY_LIMIT_MS, undefined, { ref: false })]);
    assert.ok(replies !== undefined, `No replies within ${RECOVERY_LIMIT_MS} ms after the broker came back`);
    const took = performance.now() - back;
    assert.deepEqual(replies.map(({ text }) => text), ["re: held (2 before)", "re: meanwhile (2 before)"]);
    const after = await Promise.all([reader.say("after"), speaker.say("after")]);
    assert.deepEqual(after.map(({ text }) => text), ["re: after (4 before)", "re: after (4 before)"]);

    for (const { conversation } of [reader, speaker]) {
      const log = (await readLog(settings, settings.chatTopic)).filter(({ key }) => key?.toString() === conversation);
      const answered = log.flatMap(({ headers }) => headers.get("reply_to") ?? []);
      // The same message may be there twice, under the same identity: it was sent again.
      const asked = new Set(log.flatMap(({ headers }) => (headers.has("reply_to") ? [] : [headers.get("uuid")])));
      assert.deepEqual(answered, [...asked], `each once, and in order: ${log.map(({ value }) => parseMessage(value).text).join(" | ")}`);
    }
    return took;
  } finally {
    goOn();
    if (how === "frozen") process.kill(broker.kafka.pid, "SIGCONT");
    await Promise.allSettled([reader.stop(), speaker.stop(), assistant.stop()]);
    await broker.stop();
  }
}

/** Resolves when the process does nothing any more: the signal takes effect only when its threads are scheduled. */
async function freeze(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  const threads = process.platform === "linux" ? ["-L"] : [];
  const isFrozen = async (): Promise<boolean> => {
    const { stdout } = await promisify(execFile)("ps", [...threads, "-o", "state=", "-p", String(pid)]);
    return stdout.trim().split("\n").every((state) => state.startsWith("T"));
  };
  await waitUntil(isFrozen, { description: `Broker ${pid} not frozen`, timeoutMs: 10_000 });
}
