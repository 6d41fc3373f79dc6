import net from "node:net";
import type { ClusterSettings } from "../settings.js";
import { checkSignIn } from "./checkSignIn.js";

/** No broker of the cluster answers. */
export class ClusterUnreachableError extends Error {
  override name = "ClusterUnreachableError";
}

/** Limit for what accepts a connection to answer as Kafka does, in milliseconds; a busy broker needs far less than one second. */
const ANSWER_LIMIT_MS = 10_000;

/**
 * Finds out at once whether any broker accepts connections, and these settings: a Kafka client would try for half a minute before it says so.
 * @throws ClusterUnreachableError, SignInError that say what to do.
 */
export async function checkReachable(cluster: ClusterSettings, timeoutMs = 3_000, answerMs = ANSWER_LIMIT_MS): Promise<void> {
  const { brokers, external } = cluster;
  try {
    await Promise.any(brokers.map((broker) => connect(broker, timeoutMs)));
  } catch (error) {
    const next = external ? "KAFKA_BROKERS names it: check the address, or unset it to use a local broker." : "Start it: `npm run kafka -- start`, or `await startKafka()` in a cell.";
    throw new ClusterUnreachableError(`No Kafka broker answers at ${brokers.join(", ")} within ${timeoutMs} ms. ${next}`, { cause: error });
  }
  await answered(checkSignIn(cluster), cluster, answerMs);
}

/** Something else may listen there, or a broker that is stopped in the middle: both accept, and then say nothing. */
async function answered(signingIn: Promise<void>, { brokers, external }: ClusterSettings, answerMs: number): Promise<void> {
  let limit: NodeJS.Timeout | undefined;
  const silent = new Promise<never>((_, reject) => {
    const next = external ? "Check the port in KAFKA_BROKERS, and whether that broker is well." : "Where it is the local broker: `npm run kafka -- stop`, then `npm run kafka -- start`.";
    limit = setTimeout(() => reject(new ClusterUnreachableError(
      `Somebody listens at ${brokers.join(", ")}, but does not answer as Kafka does within ${answerMs} ms. ${next}`)), answerMs);
  });
  try {
    await Promise.race([signingIn, silent]);
  } finally {
    clearTimeout(limit);
    signingIn.catch(() => undefined);
  }
}

function connect(broker: string, timeoutMs: number): Promise<void> {
  const separator = broker.lastIndexOf(":");
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: broker.slice(0, separator), port: Number(broker.slice(separator + 1)), timeout: timeoutMs });
    socket.once("error", reject);
    socket.once("timeout", () => socket.destroy(new Error(`${broker} did not accept a connection within ${timeoutMs} ms`)));
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
  });
}
