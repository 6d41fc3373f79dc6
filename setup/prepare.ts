import type { StageOptions } from "./bootstrap/stage.mjs";
import type { Stage as StageName } from "./bootstrap/commands.mjs";

/** Makes the named stages ready, in order. */
export async function prepare(stages: StageName[], options: StageOptions): Promise<void> {
  void stages;
  void options;
}
