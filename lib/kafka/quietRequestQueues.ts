import { changeKafkajs } from "./changeKafkajs.js";

/** kafkajs's requests of one connection, as far as it matters here. */
interface RequestQueue {
  pending: unknown[];
  scheduleCheckPendingRequests: () => void;
}

/**
 * Lets a connection rest while it has nothing to send. kafkajs 2.2.4 looks after each request whether another one waits to be sent, and after
 * each look sets a timer for the next one, whose time lies in the past (tulios/kafkajs#1704): a thousand looks a second and connection, for as long as it is open,
 * and in Node 24 a TimeoutNegativeWarning. A request that does wait sets its own timer.
 */
export function quietRequestQueues(): void {
  changeKafkajs<RequestQueue, "scheduleCheckPendingRequests">("network/requestQueue", "scheduleCheckPendingRequests", (schedule) => function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  });
}
