import { createRequire } from "node:module";

/** kafkajs's requests of one connection, as far as it matters here. */
interface RequestQueue {
  pending: unknown[];
  scheduleCheckPendingRequests: () => void;
}

let done = false;

/**
 * Lets a connection rest while it has nothing to send. kafkajs 2.2.4 looks after each request whether another one waits to be sent, and after
 * each look sets a timer for the next one, whose time lies in the past (tulios/kafkajs#1704): a thousand looks a second and connection, for as long as it is open,
 * and in Node 24 a TimeoutNegativeWarning. It has no option for that, so its class is changed, once in a process. A request that does wait sets its own timer.
 */
export function quietRequestQueues(): void {
  if (done) return;
  done = true;
  const { prototype } = createRequire(import.meta.url)("kafkajs/src/network/requestQueue") as { prototype: RequestQueue };
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
}
