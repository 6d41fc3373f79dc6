const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** Nanoseconds since the epoch: 19 digits from 2001 to 2286. */
const NANOSECONDS = /\b\d{19}\b/g;

/** Puts `<id 1>`, `<id 2>` for UUIDs, in the order in which they come, and `<nanoseconds>` for timestamps: the same each time. */
export function maskIds(text: string): string {
  const names = new Map<string, string>();
  const nameOf = (uuid: string): string => {
    const name = names.get(uuid) ?? `<id ${names.size + 1}>`;
    names.set(uuid, name);
    return name;
  };
  return text.replace(UUID, nameOf).replace(NANOSECONDS, "<nanoseconds>");
}
