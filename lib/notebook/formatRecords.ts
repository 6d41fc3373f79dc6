import type { LogRecord } from "../kafka/LogRecord.js";
import { maskIds } from "./maskIds.js";

/** Headers whose values tell about one run on one machine. */
const LOCAL = new Set(["worker", "timings", "partition", "offset"]);

/**
 * Records as they lie in a topic, a few lines each: key, headers and the bytes of the value as text. Ids and timestamps
 * have short names instead (see maskIds), so that equal ones are seen at a glance; `...` stands for what differs from run to run.
 */
export function formatRecords(records: readonly LogRecord[]): string {
  return maskIds(records.map(({ key, headers, value }) => {
    const named = [...headers].map(([name, text]) => `${name}=${LOCAL.has(name) ? "..." : text}`);
    return [`key      ${key?.toString() ?? "none"}`, `headers  ${named.join("  ") || "none"}`, `value    ${value?.toString() ?? "none"}`].join("\n");
  }).join("\n\n"));
}
