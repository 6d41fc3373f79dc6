import { hasTag, isProgress, type Notebook, type Output, outputText, toLines, toText } from "../notebooks/Notebook.js";

/** Puts what was executed into the committed notebook, without what one run or one machine adds. Outputs that vary stay as they are, unless the model's words are among them. */
export function updateOutputs(committed: Notebook, executed: Notebook): Notebook {
  const cells = committed.cells.map((cell, index) => {
    if (cell.cell_type !== "code") return cell;
    const kept = hasTag(cell, "varies") && !hasTag(cell, "model") && (cell.outputs ?? []).length > 0;
    const outputs = kept ? cell.outputs : executed.cells[index]?.outputs?.filter((output) => !isProgress(output) && outputText(output) !== "").map(clean);
    return { ...cell, execution_count: null, outputs: outputs ?? [] };
  });
  return { ...committed, cells };
}

function clean(output: Output): Output {
  if (output.output_type === "stream") return { ...output, text: toLines(toText(output.text)) };
  return "execution_count" in output ? { ...output, execution_count: null } : output;
}
