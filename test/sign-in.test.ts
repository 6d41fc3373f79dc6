import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, before, describe, test } from "node:test";
import { checkReachable, SignInError, type Settings } from "kafka-llm-chat";
import { retryUntil } from "kafka-llm-chat/internal/chat/retryUntil.js";
import { type TestCluster, testCluster } from "./support/testCluster.js";

// What a broker with TLS and passwords says is in cluster/secure.cluster.ts (npm run test:cluster).
describe("settings that do not fit the broker", { timeout: 60_000 }, () => {
  let broker: TestCluster;
  let cluster: Settings["cluster"];
  const sasl = { mechanism: "plain", username: "alice", password: "open-sesame" } as const;
  before(async () => {
    broker = await testCluster();
    ({ cluster } = broker.settings());
  });
  after(() => broker?.stop());

  test("fitting ones are accepted, also where one of several brokers is away", async () => {
    await checkReachable(cluster);
    await checkReachable({ ...cluster, brokers: ["127.0.0.1:1", ...cluster.brokers] });
  });

  test("TLS where there is none is told at once", async () => {
    await assert.rejects(checkReachable({ ...cluster, ssl: true }), (error: Error) => {
      assert.ok(error instanceof SignInError);
      assert.match(error.message, /no TLS at this port\. Unset KAFKA_SSL/);
      return true;
    });
  });

  test("a name where nobody asks for one is told at once, without the password", async () => {
    await assert.rejects(checkReachable({ ...cluster, sasl }), (error: Error) => {
      assert.ok(error instanceof SignInError);
      assert.match(error.message, /Unset KAFKA_SASL_MECHANISM/);
      assert.doesNotMatch(error.message, /open-sesame/);
      return true;
    });
  });

  test("a broker that hangs up, as one does that is about to stop, is no refusal", async () => {
    const server = net.createServer((socket) => socket.end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    try {
      await checkReachable({ ...cluster, brokers: [`127.0.0.1:${port}`] });
    } finally {
      server.close();
    }
  });

  test("somebody who accepts a connection and then says nothing is told after a limit", async () => {
    const sockets: net.Socket[] = [];
    const server = net.createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    const begun = performance.now();
    try {
      await assert.rejects(checkReachable({ ...cluster, brokers: [`127.0.0.1:${port}`] }, 3_000, 500), {
        name: "ClusterUnreachableError", message: new RegExp(`listens at 127\\.0\\.0\\.1:${port}, but does not answer as Kafka does within 500 ms`),
      });
      assert.ok(performance.now() - begun < 5_000, "a client of its own would try for a minute");
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });

  test("what a broker refuses is not tried again", async () => {
    let tries = 0;
    const refuse = async (): Promise<void> => {
      tries += 1;
      throw Object.assign(new Error("retries exceeded"), { cause: Object.assign(new Error("no such user"), { name: "KafkaJSSASLAuthenticationError" }) });
    };
    await assert.rejects(retryUntil(refuse, { timeoutMs: 60_000, what: "Writing" }), /Writing is not possible, Kafka does not let us in: no such user/);
    assert.equal(tries, 1);
  });
});
