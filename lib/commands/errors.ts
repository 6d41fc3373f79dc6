import { parseArgs } from "node:util";
import { type FailedRecord, listErrors, resend } from "../chat/errorTopic.js";
import { readSettings } from "../settings.js";

const HELP = `Usage: npm run errors -- list [--reason R] | show ID | resend ID... | resend --reason R

  Records that could not be answered, from the topic "chat-errors".

  list      one line each: its ID, the reason, where it came from, how it begins
  show      one record, whole
  resend    sends records through the chat again, under a new identity: for instance when the model works again
            (--reason model-failed). The records stay in the topic.

  Reasons: unsupported-codec, no-key, wrong-key, wrong-partition, not-json, missing-field, wrong-type, unknown-role, empty,
  too-long (no messages); model-failed, time-limit, context-full (the person was told so).
`;

/** `npm run errors`. @returns 0, 1 when there is no such record or it cannot be sent, 2 for wrong usage. */
export async function main(argv: string[]): Promise<number> {
  const { values: { help, reason }, positionals: [action = "list", ...ids] } = parseArgs({
    args: argv, allowPositionals: true, options: { help: { type: "boolean", short: "h" }, reason: { type: "string" } },
  });
  if (help || !["list", "show", "resend"].includes(action)) {
    console.log(HELP);
    return help ? 0 : 2;
  }
  if (action !== "list" && ids.length === 0 && reason === undefined) {
    console.error(`Which records? \`npm run errors -- ${action} ID\`, or with --reason; \`npm run errors -- list\` shows them`);
    return 2;
  }
  const settings = readSettings();
  const found = await listErrors(settings);
  if (action === "list") {
    const listed = found.filter((record) => reason === undefined || record.reason === reason);
    for (const record of listed) console.log(describe(record));
    if (listed.length === 0) console.log("No records");
    return 0;
  }
  const chosen = ids.length > 0 ? found.filter(({ id }) => ids.includes(id)) : found.filter((record) => reason !== undefined && record.reason === reason);
  for (const id of ids.filter((id) => !found.some((record) => record.id === id))) console.error(`There is no record ${id}; \`npm run errors -- list\` shows those there are`);
  if (chosen.length === 0) {
    if (ids.length === 0) console.error(`No record has the reason ${reason}; \`npm run errors -- list\` shows those there are`);
    return 1;
  }
  let failed = chosen.length < ids.length;
  for (const record of chosen) {
    if (action === "show") console.log(`${describe(record)}\n${record.message}\n${record.cut === undefined ? "" : `not whole: ${record.cut}\n`}${record.value?.toString() ?? "(no value)"}`);
    else await resend(settings, record).then((uuid) => console.log(`${record.id} sent again as ${uuid}`), (error: unknown) => {
      failed = true;
      console.error((error as Error).message);
    });
  }
  return failed ? 1 : 0;
}

function describe({ id, reason, partition, offset, value }: FailedRecord): string {
  const text = value?.toString().replaceAll(/\s+/g, " ") ?? "(no value)";
  return `${id.padEnd(8)} ${reason.padEnd(18)} from ${partition}:${offset}  ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`;
}
