/** How a model marks its thoughts, which come before its reply. */
export interface ThoughtMarks {
  open: string;
  close: string;
  /** What ends the thoughts for a model that thinks too long. */
  end: string;
}

const KNOWN: readonly ThoughtMarks[] = [
  { open: "<think>", close: "</think>", end: "\n</think>\n\n" },
  { open: "[THINK]", close: "[/THINK]", end: "[/THINK]" },
  { open: "<|channel|>analysis<|message|>", close: "<|channel|>final<|message|>", end: "<|end|><|start|>assistant<|channel|>final<|message|>" },
];

/** The marks of the model with this chat template; undefined if it does not think. */
export function thoughtMarksOf(template: string): ThoughtMarks | undefined {
  return KNOWN.find(({ close }) => template.includes(close));
}

/** Takes the text of a model piece by piece, and gives back the reply without the thoughts and without the white space before it. */
export class ThoughtFilter {
  private state: "start" | "thoughts" | "reply";
  /** Text that may turn out to be part of a mark. */
  private held = "";
  private begun = false;

  /** @param prompt the rendered prompt: some templates end it with the mark that opens the thoughts */
  constructor(private readonly marks: ThoughtMarks | undefined, prompt: string) {
    this.state = marks === undefined ? "reply" : prompt.trimEnd().endsWith(marks.open) ? "thoughts" : "start";
  }

  /** Whether what comes now is no thought, or not known to be one. */
  get replying(): boolean {
    return this.state === "reply";
  }

  get thinking(): boolean {
    return this.state === "thoughts";
  }

  /** @returns the part of the reply that is certain now */
  push(text: string): string {
    this.held += text;
    if (this.state === "start") this.start();
    if (this.state === "thoughts") this.think();
    return this.state === "reply" ? this.release() : "";
  }

  /** @returns what was held back, once no more text comes */
  end(): string {
    return this.state === "thoughts" ? "" : this.release();
  }

  private start(): void {
    const { open, close } = this.marks as ThoughtMarks;
    const text = this.held.trimStart();
    if (text.startsWith(open)) this.go("thoughts", text.slice(open.length));
    else if (text.startsWith(close)) this.go("reply", text.slice(close.length));
    else if (!open.startsWith(text) && !close.startsWith(text)) this.go("reply", text);
  }

  private think(): void {
    const { close } = this.marks as ThoughtMarks;
    const at = this.held.indexOf(close);
    if (at >= 0) this.go("reply", this.held.slice(at + close.length));
    else this.held = this.held.slice(-close.length);
  }

  private go(state: "thoughts" | "reply", rest: string): void {
    this.state = state;
    this.held = rest;
  }

  private release(): string {
    const text = this.begun ? this.held : this.held.trimStart();
    this.held = "";
    this.begun ||= text !== "";
    return text;
  }
}
