import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { connectKafka } from "kafka-llm-chat";

interface Request {
  entry: { correlationId: number; apiName: string; apiKey: number; apiVersion: number; resolve: () => void; reject: () => void };
  expectResponse: boolean;
  sendRequest: () => void;
}
type Queue = NodeJS.EventEmitter & { throttleCheckTimeoutId: unknown; push(request: Request): void; fulfillRequest(response: object): void; maybeThrottle(ms: number): void; destroy(): void };

const require = createRequire(import.meta.url);

describe("a connection of kafkajs", () => {
  // Whoever connects has changed kafkajs's class.
  connectKafka({ brokers: ["127.0.0.1:1"], external: true, ssl: false, sasl: undefined });
  const RequestQueue = require("kafkajs/src/network/requestQueue") as new (options: object) => Queue;
  const logger = { debug: () => undefined, warn: () => undefined };
  const open = (): Queue => new RequestQueue({ maxInFlightRequests: null, requestTimeout: 1_000, enforceRequestTimeout: false, clientId: "test", broker: "none", logger, isConnected: () => true });
  const request = (correlationId: number, sendRequest: () => void): Request => (
    { entry: { correlationId, apiName: "Test", apiKey: 0, apiVersion: 0, resolve: () => undefined, reject: () => undefined }, expectResponse: true, sendRequest });

  test("sets no timer when it has nothing to send", () => {
    const queue = open();
    queue.push(request(1, () => undefined));
    queue.fulfillRequest({ correlationId: 1, payload: {}, size: 0 });
    assert.equal(queue.throttleCheckTimeoutId, null);
  });

  test("sends what waits when the broker's wish for a pause is over", async () => {
    const queue = open();
    const sent = new EventTarget();
    const arrived = once(sent, "sent");
    const started = performance.now();
    queue.maybeThrottle(20);
    queue.push(request(1, () => sent.dispatchEvent(new Event("sent"))));
    await arrived;
    assert.ok(performance.now() - started >= 15, "after the pause");
    queue.fulfillRequest({ correlationId: 1, payload: {}, size: 0 });
    queue.destroy();
    assert.equal(queue.throttleCheckTimeoutId, null);
  });
});
