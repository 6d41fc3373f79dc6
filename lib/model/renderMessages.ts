import type { ChatTemplate, TemplateMessage } from "./ChatTemplate.js";

/**
 * Brings messages into the form that the template takes, and renders them. Messages of one role in a row become one; a
 * system message goes before what the user says where the template has no place for it; before a conversation that begins
 * with the assistant (a greeting, a memory that has lost its front) goes an empty user message where that is needed.
 */
export function renderMessages(template: ChatTemplate, messages: TemplateMessage[]): string {
  const system = joined(messages.filter(({ role }) => role === "system"));
  const turns = inTurns(messages.filter(({ role }) => role !== "system"));
  const begun = template.takesGreeting || turns[0]?.role !== "assistant" ? turns : [{ role: "user" as const, content: "" }, ...turns];
  if (system === "") return template.render(begun);
  if (template.takesSystem) return template.render([{ role: "system", content: system }, ...begun]);
  const [first, ...rest] = begun[0]?.role === "user" ? begun : [{ role: "user" as const, content: "" }, ...begun];
  return template.render([{ role: "user", content: [system, first?.content].filter(Boolean).join("\n\n") }, ...rest]);
}

function inTurns(messages: TemplateMessage[]): TemplateMessage[] {
  const turns: TemplateMessage[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (last?.role === message.role) turns[turns.length - 1] = { ...last, content: joined([last, message]) };
    else turns.push(message);
  }
  return turns;
}

function joined(messages: TemplateMessage[]): string {
  return messages.map(({ content }) => content).join("\n\n");
}
