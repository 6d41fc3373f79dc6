import { type Cell, hasTag, isProgress, type Output, outputText } from "../notebooks/Notebook.js";

/**
 * What an executed cell shows otherwise than the committed one.
 * @param exactModel whether the model says here what it said when the outputs were committed
 * @returns what differs, in words; undefined if nothing does
 */
export function compareOutputs(committed: Cell, executed: Cell, { exactModel }: { exactModel: boolean }): string | undefined {
  const outputs = (executed.outputs ?? []).filter((output) => !isProgress(output));
  const error = outputs.find((output) => output.output_type === "error" || (output.output_type === "stream" && output.name === "stderr"));
  if (error !== undefined) return `it wrote to stderr:\n${outputText(error).trim()}`;

  const expected = (committed.outputs ?? []).map(kindOf);
  const found = outputs.map(kindOf);
  const free = hasTag(committed, "varies") || (hasTag(committed, "model") && !exactModel);
  // Where outputs may differ, more may come, such as the lines of a compilation; nothing may be missing.
  const same = free ? expected.every((kind) => found.includes(kind)) : found.join() === expected.join();
  if (!same) return `it shows ${found.join(", ") || "nothing"}, but ${expected.join(", ") || "nothing"} is committed:\n${textOf(outputs)}`;
  if (free) return undefined;
  const [before, now] = [textOf(committed.outputs ?? []), textOf(outputs)];
  return before === now ? undefined : `it shows something else than is committed:\n${now}\ninstead of\n${before}`;
}

function kindOf(output: Output): string {
  if (output.output_type === "stream") return output.name;
  if (output.output_type === "error") return "an error";
  return Object.keys(output.data).sort().join("+");
}

function textOf(outputs: Output[]): string {
  return outputs.map((output) => outputText(output).trimEnd()).join("\n");
}
