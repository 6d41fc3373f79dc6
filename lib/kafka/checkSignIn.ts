import net from "node:net";
import tls from "node:tls";
import type { ClusterSettings } from "../settings.js";
import { connectKafka } from "./connectKafka.js";
import { signInFailure } from "./signInFailure.js";

/** A broker answers, but not to these settings: TLS, certificate, mechanism, user name or password do not fit. */
export class SignInError extends Error {
  override name = "SignInError";
}

/** Limit for a TLS handshake, in milliseconds. */
const TLS_LIMIT_MS = 3_000;
/** Limit for one answer of a broker, in milliseconds. */
const ANSWER_LIMIT_MS = 10_000;

/**
 * Signs in once at each broker. Where none lets us in, and for a reason that lasts, says which; kafkajs takes most of these
 * reasons for a broker that is about to come back, and tries for half a minute.
 * @throws SignInError that says what to do.
 */
export async function checkSignIn(cluster: ClusterSettings): Promise<void> {
  const attempts = cluster.brokers.map(async (broker) => {
    await signIn(cluster, broker).catch(async (error: unknown) => {
      const reason = await explain(cluster, broker, error);
      throw reason === undefined ? error : new SignInError(`Kafka at ${broker} cannot be used with these settings: ${reason}`, { cause: error });
    });
  });
  try {
    await Promise.any(attempts);
  } catch (error) {
    const explained = (error as AggregateError).errors.find((one): one is SignInError => one instanceof SignInError);
    // Without one, the brokers are starting or stopping: those who use them wait for that.
    if (explained !== undefined) throw explained;
  }
}

/** A broker lets a client connect that it does not know yet, so something is asked, too. */
async function signIn(cluster: ClusterSettings, broker: string): Promise<void> {
  const admin = connectKafka({ ...cluster, brokers: [broker] }, { retries: 0, requestTimeoutMs: ANSWER_LIMIT_MS }).admin();
  try {
    await admin.connect();
    await admin.listTopics();
  } finally {
    await admin.disconnect();
  }
}

/** The reason in words, where it is one that lasts. */
async function explain(cluster: ClusterSettings, broker: string, error: unknown): Promise<string | undefined> {
  const { ssl, sasl } = cluster;
  const refused = signInFailure(error);
  if (refused !== undefined && sasl !== undefined) return explainRefusal(refused, sasl);
  const encrypted = await shakeHands(broker);
  if (!ssl && encrypted !== undefined) return "it wants TLS. Set KAFKA_SSL=true.";
  if (ssl && encrypted === undefined) return (await speaksPlainly(broker)) ? "it has no TLS at this port. Unset KAFKA_SSL, or use its other port." : undefined;
  if (ssl && encrypted?.trusted === false) {
    return `its certificate is not trusted (${encrypted.reason}). Where it is your own authority's, start this program with NODE_EXTRA_CA_CERTS=FILE, `
      + "the authority's certificate in PEM format; KAFKA_BROKERS must name the host that the certificate names.";
  }
  if (sasl === undefined && (await wantsName(cluster, broker))) {
    return "it wants to know who you are. Set KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD.";
  }
  return undefined;
}

function explainRefusal({ type, message }: Error & { type?: string }, { mechanism, username }: NonNullable<ClusterSettings["sasl"]>): string {
  if (type === "ILLEGAL_SASL_STATE") return "it asks nobody's name at this port. Unset KAFKA_SASL_MECHANISM, or use its other port.";
  if (type === "UNSUPPORTED_SASL_MECHANISM") return `it does not know KAFKA_SASL_MECHANISM=${mechanism}. Use another one.`;
  return `it refuses the user "${username}" (${mechanism}): check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM. It says: ${message}`;
}

/** Whether the certificate is trusted here and names the host; undefined where the port has no TLS. */
function shakeHands(broker: string): Promise<{ trusted: true } | { trusted: false; reason: string } | undefined> {
  const separator = broker.lastIndexOf(":");
  const host = broker.slice(0, separator);
  return new Promise((resolve) => {
    const socket = tls.connect({
      host, port: Number(broker.slice(separator + 1)), timeout: TLS_LIMIT_MS, rejectUnauthorized: false, ...(net.isIP(host) === 0 ? { servername: host } : {}),
    });
    socket.once("secureConnect", () => {
      // Node declares an Error, and gives its code.
      const reason = String(socket.authorizationError);
      resolve(socket.authorized ? { trusted: true } : { trusted: false, reason });
      socket.destroy();
    });
    socket.once("timeout", () => socket.destroy());
    socket.once("error", () => resolve(undefined));
    socket.once("close", () => resolve(undefined));
  });
}

/** Whether a client without TLS is understood, known or not. */
function speaksPlainly(broker: string): Promise<boolean> {
  return connect({ brokers: [broker], external: true, ssl: false, sasl: undefined }).then(() => true, () => false);
}

/** Whether clients have to say who they are: only then the broker has an answer to somebody it does not know. */
async function wantsName(cluster: ClusterSettings, broker: string): Promise<boolean> {
  const stranger = { mechanism: "plain" as const, username: "nobody", password: "none" };
  const refused = await connect({ ...cluster, brokers: [broker], sasl: stranger }).then(() => undefined, signInFailure);
  return refused !== undefined && refused.type !== "ILLEGAL_SASL_STATE";
}

async function connect(cluster: ClusterSettings): Promise<void> {
  const admin = connectKafka(cluster, { retries: 0, requestTimeoutMs: ANSWER_LIMIT_MS }).admin();
  try {
    await admin.connect();
  } finally {
    await admin.disconnect();
  }
}
