import type { Reply } from "../chat/Reply.js";
import type { PersonTimes } from "../chat/TurnClock.js";

/** A part of what happens to one message, in milliseconds since say(). */
export interface TurnStage {
  what: string;
  /** On whose side it happens. */
  side: "person" | "Kafka" | "assistant";
  from: number;
  to: number;
}

/**
 * What happened to one message, in the order of its beginning. The person's side and the assistant may have clocks that differ:
 * then the assistant's stages, whose lengths it has measured itself, are put where they can have been, since nothing is
 * shown before it was written, and nothing is read before it was committed.
 * @throws Error for a reply that say() did not return: nobody has measured the person's side of it.
 */
export function turnStages({ id, person, timings, timestamp }: Pick<Reply, "id" | "person" | "timings" | "timestamp">): TurnStage[] {
  if (person === undefined) throw new Error(`Nobody has measured the person's side of reply ${id}: take the reply that say() returns, not one from the log`);
  const waited = milliseconds(timings["waitMs"]);
  const answering = milliseconds(timings["answerMs"]);
  const generating = Math.min(answering, milliseconds(timings["totalMs"]));
  const reading = Math.min(generating, milliseconds(timings["firstTokenMs"]));
  const arrived = writtenAt(Number(timestamp) / 1e6, person, { whole: waited + answering, afterFirst: generating === 0 ? Infinity : generating - reading }) - waited - answering;
  const asked = arrived + waited;
  const begun = asked + answering - generating;
  const first = begun + reading;
  const end = asked + answering;
  const lost = person.shown.slice(0, -1).map(({ firstMs, lastMs }): TurnStage => ({ what: "an attempt that was cut off", side: "person", from: firstMs, to: lastMs }));
  const read = person.shown.slice(-1).map(({ firstMs, lastMs }): TurnStage => ({ what: "you read along", side: "person", from: firstMs, to: lastMs }));
  // Without facts of the generation, as after a cancel, only its whole length is known.
  const generation: TurnStage[] = generating === 0
    ? [{ what: "model answers", side: "assistant", from: asked, to: end }]
    : [
      { what: "waits for the model", side: "assistant", from: asked, to: begun },
      { what: "model reads the prompt", side: "assistant", from: begun, to: first },
      { what: "model writes", side: "assistant", from: first, to: end },
    ];
  return [
    { what: "written to Kafka", side: "Kafka", from: 0, to: person.acknowledgedMs },
    ...lost,
    { what: "way to the assistant", side: "Kafka", from: 0, to: arrived },
    { what: "waits for its turn", side: "assistant", from: arrived, to: asked },
    ...generation,
    ...read,
    { what: "commit, and way back", side: "Kafka", from: end, to: person.committedMs },
  ];
}

/** When the assistant had the whole reply: what its clock says, where that is possible. */
function writtenAt(timestampMs: number, { saidAt, shown, committedMs }: PersonTimes, { whole, afterFirst }: { whole: number; afterFirst: number }): number {
  const latest = Math.min(committedMs, (shown.at(-1)?.firstMs ?? Infinity) + afterFirst);
  return Math.max(whole, Math.min(timestampMs - saidAt, latest));
}

function milliseconds(fact: unknown): number {
  return typeof fact === "number" && fact > 0 ? fact : 0;
}
