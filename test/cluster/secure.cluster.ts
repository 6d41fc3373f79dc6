import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { ChatOutcome } from "./chatProgram.js";
import { type SecureBroker, startSecureBroker, USER } from "./startSecureBroker.js";

const PROGRAM = path.join(path.dirname(fileURLToPath(import.meta.url)), "chatProgram.js");

/** A person waits no longer for being told, in milliseconds; kafkajs alone takes 30 s. */
const AT_ONCE_MS = 5_000;

describe("a broker that wants TLS and a name", { timeout: 300_000 }, () => {
  let broker: SecureBroker;
  before(async () => {
    broker = await startSecureBroker();
  });
  after(() => broker?.stop());

  /** Runs a chat under a topic of its own. */
  const chat = async (env: Record<string, string>): Promise<ChatOutcome> => {
    const { stdout } = await execa("node", [PROGRAM], { env: { ...env, CHAT_TOPIC: `chat-${randomUUID().slice(0, 8)}` }, stdin: "ignore", timeout: 120_000 });
    return JSON.parse(stdout) as ChatOutcome;
  };
  const known = (mechanism = "plain", password = USER.password): Record<string, string> =>
    ({ KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: USER.name, KAFKA_SASL_PASSWORD: password });

  /** Both sides say so at once. */
  const refused = async (env: Record<string, string>, says: RegExp): Promise<void> => {
    const { reply, failures } = await chat(env);
    assert.equal(reply, undefined);
    assert.deepEqual(failures.map(({ side }) => side), ["assistant", "chat"]);
    for (const { name, message, ms } of failures) {
      assert.equal(name, "SignInError", message);
      assert.match(message, says);
      assert.ok(ms < AT_ONCE_MS, `said only after ${ms} ms: ${message}`);
    }
  };

  for (const mechanism of ["plain", "scram-sha-256", "scram-sha-512"]) {
    test(`a question is answered over TLS with KAFKA_SASL_MECHANISM=${mechanism}`, async () => {
      const { reply, failures } = await chat({ ...broker.environment, ...known(mechanism) });
      assert.deepEqual(failures, []);
      assert.equal(reply, "re 0 of a secret | ");
    });

    test(`a wrong password is named as such at once with ${mechanism}, and not printed`, async () => {
      await refused({ ...broker.environment, ...known(mechanism, "open-sesame") }, /^(?!.*open-sesame).*refuses the user "alice".*KAFKA_SASL_PASSWORD/);
    });
  }

  test("whoever gives no name is told which settings to give", async () => {
    await refused(broker.environment, /Set KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD/);
  });

  test("whoever comes without TLS is told to set KAFKA_SSL", async () => {
    await refused({ ...broker.environment, ...known(), KAFKA_SSL: "" }, /Set KAFKA_SSL=true/);
    await refused({ ...broker.environment, KAFKA_SSL: "" }, /Set KAFKA_SSL=true/);
  });

  test("a certificate of an unknown authority is not trusted, and NODE_EXTRA_CA_CERTS is named", async () => {
    await refused({ ...broker.environment, ...known(), NODE_EXTRA_CA_CERTS: "" }, /certificate is not trusted \(.+\).*NODE_EXTRA_CA_CERTS=FILE/);
  });

  test("TLS at a port that has none is told", async () => {
    await refused({ ...broker.environment, ...known(), KAFKA_BROKERS: broker.openAddress }, /no TLS at this port. Unset KAFKA_SSL/);
  });

  test("a name at a port that asks for none is told", async () => {
    await refused({ ...known(), KAFKA_BROKERS: broker.openAddress }, /Unset KAFKA_SASL_MECHANISM/);
  });
});
