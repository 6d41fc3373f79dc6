import type { ChatNodeLlamaCpp } from "kafka-llm-chat";
import type { Fact } from "./facts.js";
import type { HeldOut, SlotName } from "./heldOut.js";
import { isDecline, judge } from "./judge.js";
import { type Said, Talk } from "./Talk.js";

/** One thing that is tried, and what came of it. */
export interface Outcome {
  row: string;
  verdict: "right" | "declined" | "wrong";
  expected: string;
  said: Said[];
}

const TELL: Record<SlotName, string[]> = {
  name: ["My name is {v}.", "Hi, I'm {v}", "You can call me {v}.", "hello marvin, i am {v}"],
  city: ["I live in {v}.", "I'm from {v}", "My home town is {v}."],
  colour: ["My favourite colour is {v}.", "I like the color {v}", "My favorite color is {v}."],
  number: ["My lucky number is {v}.", "Please remember the number {v}", "My favourite number is {v}."],
};
const ASK: Record<SlotName, string[]> = {
  name: ["What is my name?", "do you remember my name?", "What's my name?", "Who am I?"],
  city: ["Where do I live?", "which city am I from?", "What is my home town?"],
  colour: ["What is my favourite colour?", "which color do I like?", "What's my favorite color?"],
  number: ["What is my lucky number?", "which number did I tell you?", "What was my number?"],
};
const AGAIN = ["Explain that again.", "Can you explain that again?", "please say that again", "I didn't get that, explain it again", "Repeat that, please."];
const LAST = ["What did I just ask?", "what did i just ask you?", "What was my last question?", "Do you remember what I just asked?"];
/** Most questions of the facts that follow-ups are tried after. */
const FOLLOWED = 40;

/** Between the first seeds of two runs, and of two conversations: each has fewer conversations and replies. */
const SEEDS_OF_RUN = 1e6, SEEDS_OF_TALK = 100;

/** Everything that is tried, each in a conversation of its own; run by calling it. A conversation's seeds are made from `seed` and its place among the others. */
export function trials(model: ChatNodeLlamaCpp, facts: Fact[], heldOut: HeldOut, seed: number): (() => Promise<Outcome>)[] {
  const byId = new Map(facts.map((fact) => [fact.id, fact]));
  const knowledge = facts.filter(({ file }) => file !== "persona");
  /** The same questions at every run, spread over all facts. */
  const question = (at: number): { fact: Fact; text: string } => {
    const fact = knowledge[(at * 37) % knowledge.length] as Fact;
    const text = fact.questions[at % fact.questions.length] as string;
    return { fact, text: text.charAt(0).toUpperCase() + text.slice(1) };
  };
  let talks = 0;
  const trial = (row: string, run: (talk: Talk) => Promise<Omit<Outcome, "row" | "said">>) => {
    const talk = new Talk(model, seed * SEEDS_OF_RUN + talks++ * SEEDS_OF_TALK);
    return async (): Promise<Outcome> => ({ row, ...await run(talk), said: talk.said });
  };
  const one = (row: string, text: string, expected: string, verdict: (reply: string) => Outcome["verdict"]) => trial(row, async (talk) => ({ verdict: verdict(await talk.say(text)), expected }));
  const asked = (row: string, lines: HeldOut["questions"]) => lines.map(({ facts: ids, question: text }) => {
    const wanted = ids.map((id) => byId.get(id)).filter((fact): fact is Fact => fact !== undefined);
    if (wanted.length < ids.length) throw new Error(`The held-out question "${text}" names a fact that there is not: ${ids.join(", ")}`);
    return one(row, text, ids.join(" or "), (reply) => judge(reply, wanted));
  });
  const recall = heldOut.recall.flatMap(({ slot, value }, index) => [0, 1, 2, 3].map((between) => trial(`recall of a ${slot}, ${between} turns between`, async (talk) => {
    await talk.say(pick(TELL[slot], index).replace("{v}", index % 7 === 3 ? value.toLowerCase() : value));
    for (let turn = 0; turn < between; turn++) await talk.say(question(index * 4 + between + turn).text);
    const reply = await talk.say(pick(ASK[slot], index + between));
    const right = new RegExp(`\\b${value}\\b`, "i").test(reply);
    return { verdict: right ? "right" : isDecline(reply) ? "declined" : "wrong", expected: value };
  })));
  const followed = Array.from({ length: FOLLOWED }, (_, index) => question(index * 3 + 1).text).flatMap((text, index) => [
    trial("\"explain that again\"", async (talk) => {
      const first = await talk.say(text);
      const repeated = (await talk.say(pick(AGAIN, index))).includes(first);
      return { verdict: repeated ? "right" : "wrong", expected: first };
    }),
    trial("\"what did I just ask\"", async (talk) => {
      await talk.say(text);
      const quoted = (await talk.say(pick(LAST, index))).toLowerCase().includes(text.toLowerCase().replace(/[.?!]+$/, ""));
      return { verdict: quoted ? "right" : "wrong", expected: text };
    }),
  ]);
  return [
    ...knowledge.map((fact, index) => one("a trained question of every fact", pick(fact.questions, index), fact.id, (reply) => judge(reply, [fact]))),
    ...asked("held-out questions", heldOut.questions),
    ...asked("suggested questions", heldOut.suggested),
    ...heldOut.declines.map(({ question: text }) => one("other questions declined", text, "a decline", (reply) => (isDecline(reply) ? "right" : "wrong"))),
    ...recall,
    ...followed,
  ];
}

function pick<Item>(items: Item[], at: number): Item {
  return items[at % items.length] as Item;
}
