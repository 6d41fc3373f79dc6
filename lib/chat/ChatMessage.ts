import { LosslessNumber, parse, stringify } from "lossless-json";

/** Who wrote a message: the two words of the wire format. */
export type Role = "human" | "AI";

/** A message as it stands in the value of a record in the chat topic. */
export interface ChatMessage {
  uuid: string;
  role: Role;
  text: string;
  conversation: string;
  /** Nanoseconds since the epoch. A bigint: the number is beyond what a JavaScript number holds. */
  timestamp: bigint;
}

/** Why a record is no message; the header `reason` of the record in the error topic. */
export type BadRecordReason =
  | "unsupported-codec" | "no-key" | "wrong-key" | "wrong-partition" | "not-json" | "missing-field" | "wrong-type" | "unknown-role" | "empty" | "too-long";

/** A record that is no message. */
export class BadRecordError extends Error {
  override name = "BadRecordError";

  constructor(readonly reason: BadRecordReason, message: string) {
    super(message);
  }
}

const FIELDS = { uuid: "string", role: "string", text: "string", conversation_id: "string", Timestamp: "integer" } as const;

/**
 * Reads the value of a record. Fields that the format does not know are left aside.
 * @throws BadRecordError that says what is wrong with it.
 */
export function parseMessage(value: Buffer | null): ChatMessage {
  const fields = parseObject(value);
  for (const [name, type] of Object.entries(FIELDS)) {
    const field = fields[name];
    if (field === undefined) throw new BadRecordError("missing-field", `The field "${name}" is missing`);
    const fits = type === "string" ? typeof field === "string" : field instanceof LosslessNumber && /^-?\d+$/.test(field.value);
    if (!fits) throw new BadRecordError("wrong-type", `The field "${name}" must be of type ${type}`);
  }
  const { uuid, role, text, conversation_id: conversation, Timestamp } = fields as Record<string, string> & { Timestamp: LosslessNumber };
  if (role !== "human" && role !== "AI") throw new BadRecordError("unknown-role", `The role is ${JSON.stringify(role)}, but it is "human" or "AI"`);
  return { uuid: uuid as string, role, text: text as string, conversation: conversation as string, timestamp: BigInt(Timestamp.value) };
}

/** As parseMessage(); undefined where that throws. */
export function tryParseMessage(value: Buffer | null): ChatMessage | undefined {
  try {
    return parseMessage(value);
  } catch {
    return undefined;
  }
}

/** The value of a record, as the original's Python programs write and read it. */
export function serializeMessage({ uuid, role, text, conversation, timestamp }: ChatMessage): string {
  return stringify({ uuid, role, text, conversation_id: conversation, Timestamp: new LosslessNumber(timestamp.toString()) }) as string;
}

/** Now, in nanoseconds since the epoch, to the microsecond. */
export function timestampNow(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1_000)) * 1_000n;
}

function parseObject(value: Buffer | null): Record<string, unknown> {
  let parsed: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(value ?? new Uint8Array());
    // A name that occurs twice: the last one counts, as in JSON.parse and Python.
    parsed = parse(text, null, { onDuplicateKey: ({ newValue }) => newValue });
  } catch (error) {
    throw new BadRecordError("not-json", `The value is not JSON in UTF-8: ${(error as Error).message}`);
  }
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) && !(parsed instanceof LosslessNumber)) return parsed as Record<string, unknown>;
  throw new BadRecordError("not-json", "The value is JSON, but not an object");
}
