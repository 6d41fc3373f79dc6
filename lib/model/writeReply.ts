import type { LlamaContextSequence } from "node-llama-cpp";
import { generateTokens } from "./generateTokens.js";
import type { Prompt } from "./PromptEncoder.js";
import type { Sampling } from "./Sampling.js";
import { StopFilter } from "./StopFilter.js";
import { ThoughtFilter, type ThoughtMarks } from "./ThoughtFilter.js";
import { TokenDecoder } from "./TokenDecoder.js";

export interface WriteReplyOptions {
  sampling: Sampling & { seed: number };
  /** How the model marks thoughts; undefined if it has none. */
  thoughts: ThoughtMarks | undefined;
  /** Texts that end the reply. */
  stops: readonly string[];
  signal: AbortSignal;
}

/** What writing a reply took, in tokens. */
export interface ReplyTokens {
  promptTokensEvaluated: number;
  promptTokensReused: number;
  thoughtTokens: number;
  replyTokens: number;
  stopReason: "eogToken" | "maxTokens" | "customStopTrigger";
}

/** Most tokens of thoughts unless the sampling says otherwise. */
const MAX_THOUGHT_TOKENS = 1024;

/** Has the model write a reply, piece by piece. Thoughts are left out; when they take too long, or the model stops in them, they are ended, and the reply begins. */
export async function* writeReply(sequence: LlamaContextSequence, prompt: Prompt, { sampling, thoughts, stops, signal }: WriteReplyOptions): AsyncGenerator<string, ReplyTokens> {
  const { model } = sequence;
  const decoder = new TokenDecoder(model);
  const filter = new ThoughtFilter(thoughts, prompt.text);
  const stop = new StopFilter(stops);
  const took: ReplyTokens = { promptTokensEvaluated: 0, promptTokensReused: 0, thoughtTokens: 0, replyTokens: 0, stopReason: "maxTokens" };
  const endOfThoughts = thoughts === undefined ? [] : model.tokenize(thoughts.end, true, "trimLeadingSpace");
  let room = sequence.context.contextSize - prompt.tokens.length;
  // Half of the room at most, so that a reply has the other half.
  const thoughtLimit = Math.min(sampling.maxThoughtTokens ?? MAX_THOUGHT_TOKENS, Math.floor((room - endOfThoughts.length) / 2));
  const onPrompt = (reused: number): void => {
    took.promptTokensReused = reused;
    took.promptTokensEvaluated = prompt.tokens.length - reused;
  };
  const tokens = generateTokens(sequence, prompt.tokens, { sampling, onPrompt, signal });
  try {
    for (let next = await tokens.next(); next.done !== true;) {
      const token = next.value;
      const thinking = filter.thinking;
      took[thinking ? "thoughtTokens" : "replyTokens"] += 1;
      room -= 1;
      const ended = model.isEogToken(token);
      if (ended && !filter.thinking) {
        took.stopReason = "eogToken";
        break;
      }
      const text = ended ? "" : stop.push(filter.push(decoder.push(token, !filter.replying)));
      if (text !== "") yield text;
      if (stop.stopped) {
        took.stopReason = "customStopTrigger";
        break;
      }
      if (took.replyTokens >= sampling.maxTokens || room <= 0) break;
      if (thoughts !== undefined && filter.thinking && (ended || took.thoughtTokens >= thoughtLimit)) {
        filter.push(thoughts.end);
        room -= endOfThoughts.length;
        next = await tokens.next(endOfThoughts);
      } else {
        next = await tokens.next();
      }
    }
  } finally {
    await tokens.return();
  }
  const rest = stop.push(filter.end()) + stop.end();
  if (rest !== "") yield rest;
  return took;
}
