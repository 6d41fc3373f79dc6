type Attributes = Record<string, string | number>;

/** Colours that people with colour blindness tell apart too (Okabe and Ito), each legible on white. */
export const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9"] as const;
export const INK = "#1f2328";
export const FAINT = "#656d76";
export const LINE = "#d0d7de";

/** An element of SVG; children are elements, or text that was escaped. */
export function element(name: string, attributes: Attributes, ...children: string[]): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${typeof value === "number" ? round(value) : escape(value)}"`).join("");
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join("")}</${name}>`;
}

export function text(content: string, x: number, y: number, attributes: Attributes = {}): string {
  return element("text", { x, y, ...attributes }, escape(content));
}

/**
 * A whole picture. It brings its own background, since what shows it (JupyterLab, dark or light; a page) cannot tell it
 * which colours are legible there.
 * @param title what somebody hears who does not see it.
 */
export function picture({ width, height, title }: { width: number; height: number; title: string }, ...children: string[]): string {
  const outer = { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "font-family": "system-ui, sans-serif", "font-size": 12, fill: INK };
  const card = element("rect", { x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 6, fill: "#ffffff", stroke: LINE });
  return element("svg", outer, element("title", {}, escape(title)), card, ...children);
}

/** Vertical lines at round numbers, with what they stand for below, and the place of each number between. */
export function timeAxis({ from, to, top, bottom, most, unit }: { from: number; to: number; top: number; bottom: number; most: number; unit: "ms" | "s" }): { place: (time: number) => number; lines: string } {
  const scale = most > 0 ? (to - from) / most : 0;
  const place = (time: number): number => from + time * scale;
  const step = roundStep(most / 6);
  const lines: string[] = [];
  for (let time = 0; time <= most && step > 0; time += step) {
    lines.push(element("line", { x1: place(time), x2: place(time), y1: top, y2: bottom, stroke: LINE }));
    lines.push(text(`${format(time)}${time === 0 ? ` ${unit}` : ""}`, place(time), bottom + 15, { fill: FAINT, "text-anchor": "middle" }));
  }
  return { place, lines: lines.join("") };
}

/** 1,234, 12 or 1.2: as many digits as are worth reading. */
export function format(value: number): string {
  const digits = Math.abs(value) < 10 && !Number.isInteger(value) ? 1 : 0;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** The next of 1, 2, 5, 10, 20, 50 … */
function roundStep(least: number): number {
  if (!(least > 0)) return 0;
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
