import { COLOURS, element, FAINT, INK, LINE, picture, text } from "kafka-llm-chat/internal/notebook/svg.js";
import type { Result } from "./Result.js";
import { spread } from "./spread.js";

const WIDTH = 760;
/** Room for the names of the rows, in pixels: at least, and about so many for a character of the widest. */
const LEAST_LEFT = 210;
const CHARACTER = 6.8;
const BAR = 15;

/** Medians as bars, least to most as lines over them. A bar's length is its share of the longest of the rows with the same unit. */
export function drawResult({ title, contestants, rows }: Result): string {
  const left = Math.round(Math.max(LEAST_LEFT, ...rows.map(({ name }) => 24 + CHARACTER * name.length)));
  const longest = new Map<string, number>();
  for (const { unit, values } of rows) longest.set(unit, Math.max(longest.get(unit) ?? 0, ...values.flat().filter(Number.isFinite)));
  const parts: string[] = [];
  let y = 64;
  contestants.forEach((name, index) => {
    const x = 14 + index * 180;
    parts.push(element("rect", { x, y: 36, width: 12, height: 12, fill: colour(index) }), text(name, x + 18, 47, { fill: INK }));
  });
  for (const { name, unit, values } of rows) {
    parts.push(text(name, left - 10, y + (values.length * BAR) / 2 + 4, { "text-anchor": "end", fill: INK }));
    values.forEach((list, index) => {
      const { count, median, least, most } = spread(list);
      if (count === 0) return;
      const place = (value: number): number => left + (Math.max(0, value) / (longest.get(unit) || 1)) * (WIDTH - left - 130);
      const middle = y + index * BAR + BAR / 2;
      parts.push(
        element("rect", { x: left, y: y + index * BAR + 1, width: Math.max(1, place(median) - left), height: BAR - 3, fill: colour(index) }),
        element("path", { d: `M${place(least).toFixed(1)} ${middle}H${place(most).toFixed(1)}`, stroke: INK, "stroke-width": 1 }),
        text(`${median.toFixed(median < 10 ? 2 : median < 100 ? 1 : 0)} ${unit}`, place(most) + 6, middle + 4, { fill: FAINT, "font-size": 11 }),
      );
    });
    y += values.length * BAR + 10;
  }
  parts.push(element("path", { d: `M${left} 58V${y}`, stroke: LINE }));
  return picture({ width: WIDTH, height: y + 16, title }, text(title, 14, 24, { "font-size": 13, "font-weight": 600 }), ...parts);
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] as string;
}
