import { parseMessage } from "../chat/ChatMessage.js";
import { identityOf } from "../chat/identity.js";
import { readReply } from "../chat/Reply.js";
import type { LogRecord } from "../kafka/LogRecord.js";
import { COLOURS, element, FAINT, INK, picture, text, timeAxis } from "./svg.js";

export interface DrawWorkersOptions {
  /** Assistants that were ended: which, and when, in milliseconds since the epoch. */
  kills?: readonly { worker: string; at: number }[];
}

/** One reply, in milliseconds since the epoch. */
interface Answered {
  partition: number;
  worker: string;
  asked: number;
  begun: number;
  ended: number;
}

const WIDTH = 760;
const LEFT = 96;
const RIGHT = 24;
const TOP = 76;
const ROW = 26;

/**
 * Which assistant answered what, and when, as SVG for `tslab.display.svg()`: a row for each partition, a bar for each
 * reply in its assistant's colour, and before it a thin line for as long as its question waited.
 * @param records of the chat topic.
 */
export function drawWorkers(records: readonly LogRecord[], { kills = [] }: DrawWorkersOptions = {}): string {
  const answers = answersIn(records);
  const workers = [...new Set([...answers.toSorted((a, b) => a.begun - b.begun).map(({ worker }) => worker), ...kills.map(({ worker }) => worker)])];
  const colourOf = (worker: string): string => COLOURS[workers.indexOf(worker) % COLOURS.length] ?? INK;
  const partitions = [...new Set(answers.map(({ partition }) => partition))].sort((a, b) => a - b);
  const start = Math.min(...answers.map(({ asked }) => asked));
  const since = (time: number): number => (time - start) / 1_000;
  const most = Math.max(0, ...answers.map(({ ended }) => since(ended)));
  const bottom = TOP + partitions.length * ROW;
  const { place, lines } = timeAxis({ from: LEFT, to: WIDTH - RIGHT, top: TOP, bottom, most, unit: "s" });
  const at = (time: number): number => place(since(time));
  const rows = partitions.map((partition, index) => text(`partition ${partition}`, LEFT - 12, TOP + index * ROW + 17, { "text-anchor": "end" }));
  const bars = answers.map(({ partition, worker, asked, begun, ended }) => {
    const y = TOP + partitions.indexOf(partition) * ROW;
    return element("line", { x1: at(asked), x2: at(begun), y1: y + ROW / 2, y2: y + ROW / 2, stroke: FAINT })
      + element("rect", { x: at(begun), y: y + 5, width: Math.max(2, at(ended) - at(begun)), height: ROW - 10, rx: 2, fill: colourOf(worker), stroke: "#ffffff" });
  });
  const marks = kills.map((kill) => killMark(kill.worker, at(kill.at), bottom, colourOf(kill.worker)));
  const title = `${answers.length} replies by ${workers.length} assistants on ${partitions.length} partitions, over ${Math.round(most)} s`;
  return picture({ width: WIDTH, height: bottom + 28, title },
    text(title, 14, 24, { "font-size": 13, "font-weight": 600 }), legend(workers, colourOf), lines, ...rows, ...bars, ...marks);
}

function answersIn(records: readonly LogRecord[]): Answered[] {
  const asked = new Map<string, number>();
  for (const record of records) if (!record.headers.has("reply_to")) asked.set(identityOf(record), timeOf(record));
  return records.flatMap((record) => {
    const reply = readReply(record);
    if (reply === undefined) return [];
    const ended = Number(reply.timestamp) / 1e6;
    const { answerMs } = reply.timings;
    const begun = ended - (typeof answerMs === "number" ? answerMs : 0);
    return [{ partition: reply.partition, worker: reply.worker ?? "unknown", ended, begun, asked: Math.min(asked.get(reply.replyTo) ?? begun, begun) }];
  });
}

/** When a message was written; never, where a record is none. */
function timeOf({ value }: LogRecord): number {
  try {
    return Number(parseMessage(value).timestamp) / 1e6;
  } catch {
    return Infinity;
  }
}

function killMark(worker: string, x: number, bottom: number, colour: string): string {
  return element("line", { x1: x, x2: x, y1: TOP - 4, y2: bottom, stroke: colour, "stroke-width": 2, "stroke-dasharray": "4 3" })
    + text(`✕ ${worker} killed`, x, TOP - 9, { fill: colour, "font-weight": 600, "text-anchor": "middle" });
}

function legend(workers: string[], colourOf: (worker: string) => string): string {
  let x = 14;
  const entries = workers.map((worker) => {
    const entry = element("rect", { x, y: 35, width: 10, height: 10, rx: 2, fill: colourOf(worker) }) + text(worker, x + 15, 44, { fill: FAINT });
    x += 33 + worker.length * 7;
    return entry;
  });
  return entries.join("") + element("line", { x1: x, x2: x + 18, y1: 40, y2: 40, stroke: FAINT }) + text("the question waits", x + 24, 44, { fill: FAINT });
}
