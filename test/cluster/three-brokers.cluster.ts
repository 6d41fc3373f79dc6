import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { connectKafka, ensureChatTopics, topicsOf } from "kafka-llm-chat";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { AssistantProcess } from "../chaos/AssistantProcess.js";
import { countFaults, sumOfFaults } from "../chaos/countFaults.js";
import { pour, talk, type TalkOptions } from "../chaos/people.js";
import { random } from "../chaos/random.js";
import type { BrokerNode } from "./BrokerCluster.js";
import { INTERNAL_TOPICS, startThreeBrokers, type ThreeBrokers } from "./startThreeBrokers.js";

const CONVERSATIONS = 6;
const ASSISTANTS = 2;
/** What the two brokers that are left need to agree, and what the programs need to find them, in milliseconds. */
const GO_ON_LIMIT_MS = 60_000;

describe("three brokers that have every record three times", { timeout: 540_000 }, () => {
  const topic = `chat-${randomUUID().slice(0, 8)}`;
  const { chat, tokens, memory, control, errors } = topicsOf(topic);
  const all = [chat, tokens, memory, control, errors, ...Object.values(INTERNAL_TOPICS)];
  let cluster: ThreeBrokers;
  before(async () => {
    cluster = await startThreeBrokers(topic);
  });
  after(() => cluster?.stop());

  test("every topic of a chat is created with three replicas, of which two must have a record", async () => {
    await ensureChatTopics(connectKafka(cluster.settings.cluster), topic);
    assert.deepEqual(await cluster.copies(all), Object.fromEntries(all.map((name) => [name, "3, min 2"])));
  });

  test("each broker is killed in turn while people talk, first those that coordinate the group and the transactions: nothing is lost, doubled or out of order", async (context) => {
    const { settings } = cluster;
    const { partitions } = await ensureChatTopics(connectKafka(settings.cluster), topic);
    const said: string[] = [];
    const onLine = (line: string): void => void said.push(`${new Date().toISOString()} ${line}`);
    const assistants = Array.from({ length: ASSISTANTS }, () => new AssistantProcess({ settings, pieceMs: 15, sessionTimeoutMs: 6_000, fenced: true, onLine }));
    let over = false;
    // Each is asked before every message whether it is enough: how often tells how many replies a person has had.
    const turns = Array.from({ length: CONVERSATIONS }, () => 0);
    const people = turns.map((_, index) => {
      const person: TalkOptions = {
        settings, conversation: `c${index}`, random: random(index), enough: () => {
          turns[index] = (turns[index] ?? 0) + 1;
          return over;
        },
      };
      return index % 3 < 2 ? talk(person) : pour(person, partitions);
    });
    for (const person of people) person.catch((error: unknown) => onLine(String(error)));
    /** Everybody gets on by some turns. */
    const goesOn = async (when: string): Promise<number> => {
      const [begun, before] = [performance.now(), [...turns]];
      await waitUntil(() => turns.every((turn, index) => turn >= (before[index] ?? 0) + 3), { description: `No replies ${when}`, timeoutMs: GO_ON_LIMIT_MS });
      return Math.round(performance.now() - begun);
    };
    try {
      await goesOn("at first");
      const killed = new Set<BrokerNode>();
      const killNext = async (role: string, node: BrokerNode): Promise<void> => {
        killed.add(node);
        onLine(`broker ${node.id}, ${role}, is killed`);
        await node.kill();
        const without = await goesOn(`while broker ${node.id}, ${role}, is dead`);
        await node.start();
        await cluster.inSync(all);
        const after = await goesOn(`after broker ${node.id} came back`);
        context.diagnostic(`broker ${node.id}, ${role}: three turns of everybody took ${without} ms after the kill, ${after} ms when it was back`);
      };
      await killNext("the group's coordinator", await cluster.leaderOf(INTERNAL_TOPICS.offsets));
      await killNext("the coordinator of transactions", await cluster.leaderOf(INTERNAL_TOPICS.transactions));
      for (const node of cluster.nodes) if (!killed.has(node)) await killNext("the last one", node);

      over = true;
      const talks = await Promise.all(people);
      const faults = await waitUntil(async () => {
        const counted = await countFaults(settings);
        return counted.lost === 0 && counted;
      }, { description: "Messages without a reply", timeoutMs: GO_ON_LIMIT_MS, intervalMs: 500 });
      const acknowledged = talks.reduce((sum, one) => sum + one.acknowledged, 0);
      const torn = talks.reduce((sum, one) => sum + one.torn, 0);
      context.diagnostic(JSON.stringify({ ...faults, details: undefined, acknowledged, torn }));
      assert.ok(faults.messages >= acknowledged && acknowledged >= CONVERSATIONS * 18, `too little was said to show anything: ${acknowledged}`);
      assert.equal(sumOfFaults(faults) + torn, 0, `${JSON.stringify(faults)}\n${said.slice(-60).join("\n")}`);
    } catch (error) {
      throw new Error(`${(error as Error).message}\nTurns: ${turns.join(", ")}\n${said.slice(-60).join("\n")}`, { cause: error });
    } finally {
      over = true;
      await Promise.all(assistants.map((assistant) => assistant.kill()));
      // After a failure nobody answers any more: who still waits for a reply is not waited for.
      await Promise.race([Promise.allSettled(people), cluster.stop()]);
    }
  });
});
