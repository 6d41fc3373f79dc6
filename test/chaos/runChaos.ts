import { setTimeout as delay } from "node:timers/promises";
import { connectKafka, ensureChatTopics, type Settings } from "kafka-llm-chat";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import type { OwnBroker } from "../support/testCluster.js";
import { AssistantProcess } from "./AssistantProcess.js";
import { countFaults, type Faults, sumOfFaults } from "./countFaults.js";
import { pour, talk, type TalkOptions } from "./people.js";
import { random } from "./random.js";

export interface ChaosOptions {
  broker: OwnBroker;
  seed: number;
  /** Blows dealt: kills, stops past the session timeout, kills of the broker, orderly departures. */
  blows: number;
  /** Assistants at a time. */
  assistants: number;
  conversations: number;
  /** False switches the protection off, to show that the counting finds what goes wrong. */
  fenced: boolean;
  /** Share of the blows that stop an assistant for longer than the session timeout. */
  stalls: number;
  /** Share of the blows that kill the broker. */
  brokerKills: number;
  onLine: (line: string) => void;
}

export interface ChaosReport extends Faults {
  seed: number;
  acknowledged: number;
  /** Replies whose pieces, put together, were not the committed reply. */
  torn: number;
  /** People who got an error, or no reply within their limit, also where the log holds one. */
  gaveUp: number;
  kills: number;
  stalls: number;
  departures: number;
  brokerKills: number;
  seconds: number;
}

/** How much went wrong; nothing should. */
export function faultsOf(report: ChaosReport): number {
  return sumOfFaults(report) + report.torn + report.gaveUp;
}

/** So that partitions move soon after a kill; the broker allows 500 ms and more. */
const SESSION_TIMEOUT_MS = 2_000;
const PIECE_MS = 15;
/** So long without one more reply, in milliseconds, and what is not answered counts as lost. */
const NO_PROGRESS_MS = 60_000;

/** People talk while assistants, and now and then the broker, are killed or stopped at moments that a seed decides; then the log is read and counted. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { broker, seed, blows, assistants, conversations, fenced, onLine } = options;
  const started = performance.now();
  const next = random(seed);
  const settings = broker.settings();
  const { partitions } = await ensureChatTopics(connectKafka(settings.cluster), settings.chatTopic);
  let over = false;
  const running: AssistantProcess[] = [];
  // One that ends is replaced, as a supervisor does: also one that found no broker when it started.
  const keep = async (at: number): Promise<void> => {
    while (!over) {
      const assistant = running[at] = new AssistantProcess({ settings, pieceMs: PIECE_MS, sessionTimeoutMs: SESSION_TIMEOUT_MS, fenced, onLine });
      const { pid } = assistant;
      onLine(`${pid} ended: ${await assistant.ended}`);
    }
  };
  const kept = Array.from({ length: assistants }, (_, at) => keep(at));
  const report = { seed, kills: 0, stalls: 0, departures: 0, brokerKills: 0 };
  const wakings: Promise<void>[] = [];
  let enough = false;
  const people = Array.from({ length: conversations }, (_, index) => {
    const person: TalkOptions = { settings, conversation: `c${index}`, enough: () => enough, random: random(seed + index) };
    return index % 2 === 0 ? talk(person) : pour(person, partitions);
  });
  const gaveUp: string[] = [];
  people.forEach((person, index) => {
    person.catch((error: unknown) => {
      gaveUp.push(`c${index} gave up: ${(error as Error).message}`);
      onLine(`c${index} gave up: ${(error as Error).stack}`);
    });
  });
  try {
    for (let blow = 0; blow < blows && gaveUp.length === 0; blow++) {
      await delay(100 + 2_400 * next());
      const kind = next();
      const at = Math.floor(next() * running.length);
      const victim = running[at] as AssistantProcess;
      if (kind < options.brokerKills) {
        report.brokerKills += 1;
        onLine(`blow ${blow + 1}: the broker is killed`);
        await broker.kill();
        await broker.start();
      } else if (kind < options.brokerKills + options.stalls) {
        report.stalls += 1;
        onLine(`blow ${blow + 1}: ${victim.pid} is stopped for longer than the session timeout`);
        victim.signal("SIGSTOP");
        wakings.push(delay(SESSION_TIMEOUT_MS + 500 + 2_000 * next()).then(() => victim.signal("SIGCONT")));
      } else if (kind > 0.93) {
        report.departures += 1;
        onLine(`blow ${blow + 1}: ${victim.pid} is asked to leave`);
        victim.signal("SIGTERM");
      } else {
        report.kills += 1;
        onLine(`blow ${blow + 1}: ${victim.pid} is killed`);
        victim.signal("SIGKILL");
      }
    }
    enough = true;
    await Promise.all(wakings);
    const talks = (await Promise.allSettled(people)).flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
    const acknowledged = talks.reduce((sum, talk) => sum + talk.acknowledged, 0);
    const torn = talks.reduce((sum, talk) => sum + talk.torn, 0);
    const faults = await settledFaults(settings);
    const details = [...gaveUp, ...faults.details];
    for (const detail of details) onLine(detail);
    return { ...report, ...faults, details, acknowledged, torn, gaveUp: gaveUp.length, seconds: Math.round((performance.now() - started) / 1000) };
  } finally {
    enough = over = true;
    await Promise.allSettled([...wakings, ...running.map((assistant) => assistant.kill()), ...kept]);
  }
}

/** Counts when every message has its reply, or when no more replies come. */
async function settledFaults(settings: Settings): Promise<Faults> {
  let faults = await countFaults(settings);
  let progress = { replies: faults.replies, at: performance.now() };
  return waitUntil(async () => {
    faults = await countFaults(settings);
    if (faults.replies !== progress.replies) progress = { replies: faults.replies, at: performance.now() };
    return (faults.lost === 0 || performance.now() - progress.at > NO_PROGRESS_MS) && faults;
  }, { description: "Replies keep coming", timeoutMs: 600_000, intervalMs: 1_000 });
}
