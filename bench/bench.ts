import { mkdir, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Chat, ChatNodeLlamaCpp, findKafka, loadModel, openChat, readSettings, startAssistant, startKafka } from "kafka-llm-chat";
import { type Spread, spread } from "./measure/spread.js";
import { directThroughput, kafkaThroughput } from "./measure/throughput.js";
import { directTurn, kafkaTurn, type Turn } from "./measure/turns.js";

const HELP = `Usage: npm run bench [-- --rounds N]

  What Kafka costs: the same questions to the same model, with and without Kafka between, side by side in one run, the order
  changed from round to round. Each figure is a ratio of two that were measured together; raw results go to .state/bench/.

  --rounds N   default 5
`;

const QUESTIONS = ["What is a topic?", "What is a partition?", "What is an offset?", "What is a consumer group?", "What is a broker?", "What is a producer?"];
const AT_ONCE = [1, 2, 4, 8];

/** `npm run bench`. @returns The exit code. */
export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { help: { type: "boolean", short: "h" }, rounds: { type: "string", default: "5" } } });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const settings = readSettings({ ...process.env, CHAT_TOPIC: `bench-${Date.now()}` });
  const mine = settings.cluster.external || await findKafka() !== undefined ? undefined : await startKafka();
  const loaded = await loadModel({ model: settings.chatModel });
  const model = new ChatNodeLlamaCpp({ model: loaded });
  const assistant = await startAssistant({ settings, model });
  // Conversations begin anew each round, so that prompts stay as short as the direct ones.
  const open = (): Promise<Chat> => openChat({ settings });
  try {
    const rounds = Number(values.rounds);
    const turns = await measureTurns(model, open, rounds);
    const throughput = await measureThroughput(model, open, rounds);
    print(loaded.title, turns, throughput);
    const file = path.join(settings.stateDirectory, "bench", "results.json");
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify({ machine: machine(), model: loaded.name, rounds, turns, throughput }, null, 2));
    console.log(`\nRaw results: ${file}`);
    return 0;
  } finally {
    await assistant.stop();
    await loaded.dispose();
    await mine?.stop();
  }
}

interface Turns {
  direct: Turn[];
  kafka: Turn[];
}

async function measureTurns(model: ChatNodeLlamaCpp, open: () => Promise<Chat>, rounds: number): Promise<Turns> {
  const turns: Turns = { direct: [], kafka: [] };
  // The first ones load code and connections.
  for (let round = -1; round < rounds; round++) {
    for (const question of QUESTIONS) {
      const chat = await open();
      const ways = [async () => turns.direct.push(await directTurn(model, question)), async () => turns.kafka.push(await kafkaTurn(chat, question))];
      for (const way of round % 2 === 0 ? ways : ways.reverse()) await way();
      await chat.stop();
    }
    if (round < 0) Object.assign(turns, { direct: [], kafka: [] });
  }
  return turns;
}

/** By conversations at once: the ratio of the replies a second through Kafka to those without, one for each round. */
async function measureThroughput(model: ChatNodeLlamaCpp, open: () => Promise<Chat>, rounds: number): Promise<{ atOnce: number; direct: number[]; kafka: number[] }[]> {
  const results = AT_ONCE.map((atOnce) => ({ atOnce, direct: [] as number[], kafka: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    for (const result of results) {
      const questions = Array.from({ length: 8 * result.atOnce }, (_, index) => QUESTIONS[index % QUESTIONS.length] as string);
      const chats = await Promise.all(Array.from({ length: result.atOnce }, open));
      const ways = [
        async () => result.direct.push(await directThroughput(model, questions, result.atOnce)),
        async () => result.kafka.push(await kafkaThroughput(chats, questions)),
      ];
      for (const way of round % 2 === 0 ? ways : ways.reverse()) await way();
      await Promise.all(chats.map((chat) => chat.stop()));
    }
  }
  return results;
}

function print(title: string, { direct, kafka }: Turns, throughput: { atOnce: number; direct: number[]; kafka: number[] }[]): void {
  console.log(`${title}, ${machine()}\n\nOne turn, in milliseconds (median, 95th percentile):`);
  const row = (name: keyof Turn): Record<string, string> => {
    const [without, withKafka] = [spread(direct.map((turn) => turn[name])), spread(kafka.map((turn) => turn[name]))];
    const added = spread(kafka.map((turn, index) => turn[name] - (direct[index]?.[name] ?? 0)));
    return { "without Kafka": text(without), "through Kafka": text(withKafka), added: text(added), ratio: (withKafka.median / without.median).toFixed(2) };
  };
  console.table({ "first text": row("firstText"), "last text": row("lastText"), "whole reply (committed)": row("whole") });
  console.log("Replies a second, through Kafka as a share of those without (median over the rounds, least to most):");
  console.table(Object.fromEntries(throughput.map(({ atOnce, direct, kafka }) => {
    const ratio = spread(kafka.map((value, index) => value / (direct[index] ?? Number.NaN)));
    return [`${atOnce} at once`, {
      "without Kafka": spread(direct).median.toFixed(1), "through Kafka": spread(kafka).median.toFixed(1),
      share: `${(100 * ratio.median).toFixed(0)} % (${(100 * ratio.least).toFixed(0)} to ${(100 * ratio.most).toFixed(0)})`,
    }];
  })));
}

function text({ median, p95 }: Spread): string {
  return `${median.toFixed(1)}, ${p95.toFixed(1)}`;
}

function machine(): string {
  return `${os.cpus().length} × ${os.cpus()[0]?.model.trim() ?? "unknown processor"}, Node ${process.versions.node}`;
}
