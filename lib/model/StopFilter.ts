/** Passes text on until one of the stop texts comes, of which nothing is passed on. */
export class StopFilter {
  private held = "";
  private found = false;

  constructor(private readonly stops: readonly string[]) {}

  get stopped(): boolean {
    return this.found;
  }

  /** @returns the text that is certain not to belong to a stop text */
  push(text: string): string {
    if (this.found) return "";
    this.held += text;
    const at = Math.min(...this.stops.map((stop) => this.held.indexOf(stop)).filter((index) => index >= 0));
    this.found = at < Infinity;
    const sure = this.found ? at : this.held.length - this.heldBack();
    const passed = this.held.slice(0, sure);
    this.held = this.found ? "" : this.held.slice(sure);
    return passed;
  }

  /** @returns what was held back, once no more text comes */
  end(): string {
    const rest = this.held;
    this.held = "";
    return rest;
  }

  /** Characters at the end that may be the beginning of a stop text. */
  private heldBack(): number {
    const longest = Math.max(0, ...this.stops.map((stop) => Math.min(stop.length - 1, this.held.length)));
    for (let length = longest; length > 0; length--) if (this.stops.some((stop) => stop.startsWith(this.held.slice(-length)))) return length;
    return 0;
  }
}
