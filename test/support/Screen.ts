/** A sequence that begins with ESC [, a line break, or a character. */
const TOKEN = new RegExp(`${String.fromCharCode(27)}\\[([\\d;?]*)([A-Za-z])|([\\r\\n])|[^]`, "g");

/** What a terminal shows after all that was written to it; it has as many rows as are needed. Knows the sequences that readline writes. */
export class Screen {
  private readonly cells: string[][] = [[]];
  private row = 0;
  private column = 0;

  constructor(private readonly columns: number) {}

  write(output: string): this {
    for (const [sequence, parameters, command, control] of output.matchAll(TOKEN)) {
      if (command !== undefined) this.command(command, Number(parameters || "1"), parameters ?? "");
      else if (control === "\r") this.column = 0;
      else if (control === "\n") this.moveTo(this.row + 1);
      else this.put(sequence);
    }
    return this;
  }

  /** The rows, without the spaces at their ends. */
  get rows(): string[] {
    return this.cells.map((cells) => Array.from(cells, (cell) => cell ?? " ").join("").trimEnd());
  }

  private put(character: string): void {
    // As terminals do: the row is left only with the character that has no room in it.
    if (this.column === this.columns) {
      this.column = 0;
      this.moveTo(this.row + 1);
    }
    (this.cells[this.row] as string[])[this.column++] = character;
  }

  private command(command: string, count: number, parameters: string): void {
    if (command === "A") this.moveTo(Math.max(0, this.row - count));
    else if (command === "B") this.moveTo(this.row + count);
    else if (command === "C") this.column = Math.min(this.columns - 1, this.column + count);
    else if (command === "D") this.column = Math.max(0, this.column - count);
    else if (command === "G") this.column = count - 1;
    else if (command === "K" && parameters === "2") this.cells[this.row] = [];
    else if (command === "K" || command === "J") {
      (this.cells[this.row] as string[]).length = Math.min(this.column, (this.cells[this.row] as string[]).length);
      if (command === "J") this.cells.length = this.row + 1;
    }
  }

  private moveTo(row: number): void {
    this.row = row;
    while (this.cells.length <= row) this.cells.push([]);
  }
}
