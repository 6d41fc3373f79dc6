import kafkajs, { type Kafka, type KafkaConfig, type LogEntry } from "kafkajs";
import type { ClusterSettings } from "../settings.js";
import { quietRequestQueues } from "./quietRequestQueues.js";
import { rememberCoordinators } from "./rememberCoordinators.js";
import { registerUnsupportedCodecs } from "./unsupportedCodecs.js";

export interface ConnectOptions {
  /** Name that the broker's logs and quotas see. Default `kafka-llm-chat`. */
  clientId?: string;
  /** Called with what kafkajs would print. Default: nothing is printed, since it reports retried errors as errors. */
  onLog?: (entry: LogEntry) => void;
  /** How often what fails is tried again. Default 35, which takes about 30 s. */
  retries?: number;
  /** Longest pause between two tries, in milliseconds. Default 1000. */
  longestPauseMs?: number;
  /** Limit for one answer of a broker, in milliseconds. Default 30 000. */
  requestTimeoutMs?: number;
}

/**
 * A client for a cluster; no connection is made before its first use.
 *
 * Retries begin at 20 ms: kafkajs's default of 300 ms makes a transaction that follows another stall for as long (facts
 * measured with a local broker: p50 15-22 ms instead of 300 ms). They go on for about 30 s, so that a restarted broker
 * is waited for.
 */
export function connectKafka(cluster: ClusterSettings, { clientId = "kafka-llm-chat", onLog, retries = 35, longestPauseMs = 1_000, requestTimeoutMs = 30_000 }: ConnectOptions = {}): Kafka {
  registerUnsupportedCodecs();
  quietRequestQueues();
  rememberCoordinators();
  const config: KafkaConfig = {
    clientId,
    brokers: cluster.brokers,
    connectionTimeout: 3_000,
    requestTimeout: requestTimeoutMs,
    retry: { initialRetryTime: 20, maxRetryTime: longestPauseMs, multiplier: 2, factor: 0.2, retries },
    logLevel: onLog === undefined ? kafkajs.logLevel.NOTHING : kafkajs.logLevel.WARN,
    ...(onLog === undefined ? {} : { logCreator: () => onLog }),
    ssl: cluster.ssl,
  };
  if (cluster.sasl !== undefined) {
    const { mechanism, username, password } = cluster.sasl;
    // The union of kafkajs's types wants each mechanism spelled out; the fields are the same for all three.
    config.sasl = { mechanism, username, password } as NonNullable<KafkaConfig["sasl"]>;
  }
  return new kafkajs.Kafka(config);
}
