import { startAssistant } from "../chat/startAssistant.js";
import { topicsOf } from "../chat/topics.js";
import { waitUntil } from "../daemon/waitUntil.js";
import { countMembers } from "../kafka/countMembers.js";
import { ChatNodeLlamaCpp } from "../model/ChatNodeLlamaCpp.js";
import { loadModel } from "../model/loadModel.js";
import type { Settings } from "../settings.js";
import { progressLine } from "./progressLine.js";

/** How often it is checked whether an assistant is still there, in milliseconds. A killed one stays a member for 6 s. */
const LOOK_EVERY_MS = 2_000;
/** For ever, as far as a timer can count: 24 days in milliseconds. */
const FOREVER_MS = 2 ** 31 - 1;

/** Someone who answers as soon as nobody else does. */
export interface StandIn {
  /** Stops looking, and stops the assistant where one was started. */
  stop(): Promise<void>;
}

/**
 * Sees to it that somebody answers: starts an assistant in this process when the group has no member, now or later.
 * Resolves when there is one.
 * @param tell gets what a person should know of it.
 */
export async function standIn(settings: Settings, tell: (text: string) => void): Promise<StandIn> {
  const { group } = topicsOf(settings.chatTopic);
  const stopped = new AbortController();
  const isAlone = async (): Promise<boolean> => await countMembers(settings.cluster, group).catch(() => 1) === 0;
  let stopAssistant: (() => Promise<void>) | undefined;
  const start = async (): Promise<void> => {
    stopAssistant = await startOwn(settings, tell, stopped.signal);
  };
  let later: Promise<void> = Promise.resolve();
  if (await isAlone()) {
    await start();
  } else {
    later = waitUntil(isAlone, { description: "The other assistants are still there", timeoutMs: FOREVER_MS, intervalMs: LOOK_EVERY_MS, signal: stopped.signal })
      .then(start)
      .catch((error: unknown) => {
        if (!stopped.signal.aborted) tell((error as Error).message);
      });
  }
  return {
    stop: async () => {
      stopped.abort(new Error("no longer needed"));
      await later;
      await stopAssistant?.();
    },
  };
}

async function startOwn(settings: Settings, tell: (text: string) => void, signal: AbortSignal): Promise<() => Promise<void>> {
  const model = await loadModel({ model: settings.chatModel, onProgress: progressLine(tell), onNotice: tell, signal });
  try {
    signal.throwIfAborted();
    const assistant = await startAssistant({
      settings, model: new ChatNodeLlamaCpp({ model }),
      onEvent: (event) => {
        if (event.type === "trouble") tell(event.message);
      },
    });
    return async () => {
      await assistant.stop();
      await model.dispose();
    };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}
