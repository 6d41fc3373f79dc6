import type { LogRecord } from "../kafka/LogRecord.js";
import { maskIds } from "./maskIds.js";

/** Headers whose values are shown. Those of the others tell about one run on one machine, or are long. */
const SHOWN = new Set(["uuid", "reply_to", "model", "cancelled", "error", "reason", "message", "topic", "action", "resend_of"]);

/**
 * Records as they lie in a topic, a few lines each: key, headers and the bytes of the value as text. Ids and timestamps
 * have short names instead (see maskIds), so that equal ones are seen at a glance; `...` stands for what differs from run to run, or is long.
 */
export function formatRecords(records: readonly LogRecord[]): string {
  return maskIds(records.map(({ key, headers, value }) => {
    const named = [...headers].map(([name, text]) => `${name}=${SHOWN.has(name) ? text : "..."}`);
    return [`key      ${key?.toString() ?? "none"}`, `headers  ${named.join("  ") || "none"}`, `value    ${value?.toString() ?? "none"}`].join("\n");
  }).join("\n\n"));
}
