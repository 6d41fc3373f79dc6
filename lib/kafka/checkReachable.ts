import net from "node:net";
import type { ClusterSettings } from "../settings.js";
import { checkSignIn } from "./checkSignIn.js";

/** No broker of the cluster answers. */
export class ClusterUnreachableError extends Error {
  override name = "ClusterUnreachableError";
}

/**
 * Finds out at once whether any broker accepts connections, and these settings: a Kafka client would try for half a minute before it says so.
 * @throws ClusterUnreachableError, SignInError that say what to do.
 */
export async function checkReachable(cluster: ClusterSettings, timeoutMs = 3_000): Promise<void> {
  const { brokers, external } = cluster;
  try {
    await Promise.any(brokers.map((broker) => connect(broker, timeoutMs)));
  } catch (error) {
    const next = external ? "KAFKA_BROKERS names it: check the address, or unset it to use a local broker." : "Start it: `npm run kafka -- start`, or `await startKafka()` in a cell.";
    throw new ClusterUnreachableError(`No Kafka broker answers at ${brokers.join(", ")} within ${timeoutMs} ms. ${next}`, { cause: error });
  }
  // The local broker is ours and wants neither TLS nor a name.
  if (external) await checkSignIn(cluster);
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
