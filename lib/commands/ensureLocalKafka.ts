import { checkReachable } from "../kafka/checkReachable.js";
import { findKafka } from "../kafka/findKafka.js";
import { startKafka } from "../kafka/startKafka.js";
import type { Settings } from "../settings.js";
import { progressLine } from "./progressLine.js";

/**
 * Starts the local broker unless one runs; where KAFKA_BROKERS names a cluster, finds out whether that answers. What it does goes to stderr, so that replies alone are on stdout.
 * @returns whether it was started here.
 * @throws ClusterUnreachableError, SignInError when the cluster of KAFKA_BROKERS cannot be used.
 */
export async function ensureLocalKafka(settings: Settings, signal?: AbortSignal): Promise<boolean> {
  if (settings.cluster.external) await checkReachable(settings.cluster);
  if (settings.cluster.external || await findKafka({ settings }) !== undefined) return false;
  const started = performance.now();
  const kafka = await startKafka({ settings, keep: true, signal, onProgress: progressLine() });
  await kafka.keep();
  const { version, port, pid } = kafka;
  console.error(`Kafka ${version} started on 127.0.0.1:${port} in ${((performance.now() - started) / 1000).toFixed(1)} s (pid ${pid}); stop it with: npm run kafka -- stop`);
  return true;
}
