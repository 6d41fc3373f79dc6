import type { Reply } from "../chat/Reply.js";
import { COLOURS, element, FAINT, format, picture, text, timeAxis } from "./svg.js";
import { type TurnStage, turnStages } from "./turnStages.js";

const WIDTH = 760;
const LEFT = 176;
const RIGHT = 84;
const TOP = 58;
const ROW = 24;
const SIDES: Record<TurnStage["side"], string> = { person: COLOURS[0], Kafka: COLOURS[1], assistant: COLOURS[2] };

/**
 * The life of one message as a timeline, in SVG for `tslab.display.svg()`: a bar for each stage, with its length in milliseconds.
 * @param reply what say() returned.
 */
export function drawTurn(reply: Reply): string {
  const stages = turnStages(reply);
  const most = Math.max(...stages.map(({ to }) => to));
  const bottom = TOP + stages.length * ROW;
  const { place, lines } = timeAxis({ from: LEFT, to: WIDTH - RIGHT, top: TOP, bottom, most, unit: "ms" });
  const rows = stages.map((stage, index) => row(stage, TOP + index * ROW, place));
  const heading = title(reply, most);
  return picture({ width: WIDTH, height: bottom + 28, title: heading }, text(heading, 14, 24, { "font-size": 13, "font-weight": 600 }), legend(), lines, ...rows);
}

function row({ what, side, from, to }: TurnStage, y: number, place: (time: number) => number): string {
  const [start, end] = [place(from), place(Math.max(from, to))];
  return text(what, LEFT - 10, y + 16, { "text-anchor": "end" })
    + element("rect", { x: start, y: y + 5, width: Math.max(2, end - start), height: ROW - 10, rx: 2, fill: SIDES[side] })
    + text(`${format(to - from)} ms`, Math.max(start + 2, end) + 6, y + 16, { fill: FAINT });
}

function legend(): string {
  const entries = [["person", "your side"], ["Kafka", "Kafka"], ["assistant", "the assistant"]] as const;
  return entries.map(([side, name], index) => {
    const x = 14 + index * 96;
    return element("rect", { x, y: 36, width: 10, height: 10, rx: 2, fill: SIDES[side] }) + text(name, x + 15, 45, { fill: FAINT });
  }).join("");
}

function title({ person, timings, cancelled }: Reply, most: number): string {
  const first = person?.shown[0];
  const { replyTokens } = timings;
  return [
    first === undefined ? "One message: no word before the whole reply" : `One message: first word after ${format(first.firstMs)} ms`,
    `committed reply after ${format(most)} ms`,
    ...(typeof replyTokens === "number" ? [`${replyTokens} tokens`] : []),
    ...(cancelled ? ["cancelled"] : []),
  ].join(", ");
}
