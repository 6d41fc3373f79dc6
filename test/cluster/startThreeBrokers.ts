import kafkajs, { type Admin, type ITopicMetadata } from "kafkajs";
import { connectKafka, readSettings, type Settings } from "kafka-llm-chat";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";
import { probeBroker } from "kafka-llm-chat/internal/kafka/readiness.js";
import { withAdmin } from "kafka-llm-chat/internal/kafka/withAdmin.js";
import { type BrokerNode, startBrokers } from "./BrokerCluster.js";

/** Where the group's offsets, and the state of transactions are: the broker that leads their only partition coordinates them. */
export const INTERNAL_TOPICS = { offsets: "__consumer_offsets", transactions: "__transaction_state" } as const;

/** Three brokers that have everything three times, and two of which suffice. */
export interface ThreeBrokers {
  nodes: BrokerNode[];
  settings: Settings;
  /** The broker that leads the only partition of a topic. */
  leaderOf(topic: string): Promise<BrokerNode>;
  /** Topics with the number of replicas and min.insync.replicas of each, as `3, min 2`. */
  copies(topics: string[]): Promise<Record<string, string>>;
  /** Resolves when every partition of these topics has all its replicas in sync. */
  inSync(topics: string[]): Promise<void>;
  /** Stops all and removes their data. */
  stop(): Promise<void>;
}

/** How long a cluster may need to agree, or a broker to catch up, in milliseconds. */
const SETTLE_LIMIT_MS = 90_000;

export async function startThreeBrokers(topic: string): Promise<ThreeBrokers> {
  const cluster = await startBrokers({
    brokers: 3,
    properties: () => ({
      "default.replication.factor": 3,
      "min.insync.replicas": 2,
      "offsets.topic.replication.factor": 3,
      "transaction.state.log.replication.factor": 3,
      "transaction.state.log.min.isr": 2,
      "share.coordinator.state.topic.replication.factor": 3,
      "share.coordinator.state.topic.min.isr": 2,
    }),
  });
  const { nodes } = cluster;
  const stop = (): Promise<void> => cluster.stop();
  const settings = readSettings({ ...process.env, KAFKA_BROKERS: nodes.map(({ address }) => address).join(","), CHAT_TOPIC: topic });
  const administer = <T>(use: (admin: Admin) => Promise<T>): Promise<T> => withAdmin(connectKafka(settings.cluster), "Looking at the cluster", use);
  const partitionsOf = (topics: string[]): Promise<ITopicMetadata[]> => administer(async (admin) => (await admin.fetchTopicMetadata({ topics })).topics);
  try {
    await waitUntil(async () => (await administer((admin) => admin.describeCluster())).brokers.length === nodes.length, {
      description: `Not all of ${nodes.length} brokers have joined`, timeoutMs: SETTLE_LIMIT_MS, intervalMs: 200,
    });
    await probeBroker(nodes[0]?.address ?? "", { timeoutMs: SETTLE_LIMIT_MS });
  } catch (error) {
    const logs = await cluster.keepLogs().finally(stop);
    throw new Error(`The three brokers do not work together; what they logged is in ${logs}`, { cause: error });
  }
  return {
    nodes, settings, stop,
    leaderOf: async (name) => {
      const [metadata] = await partitionsOf([name]);
      const node = nodes.find(({ id }) => id === metadata?.partitions[0]?.leader);
      if (node === undefined) throw new Error(`Topic ${name} has no leader`);
      return node;
    },
    copies: async (topics) => {
      const metadata = await partitionsOf(topics);
      const { resources } = await administer((admin) => admin.describeConfigs({
        includeSynonyms: false, resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames: ["min.insync.replicas"] })),
      }));
      return Object.fromEntries(metadata.map(({ name, partitions }) => {
        const counts = [...new Set(partitions.map(({ replicas }) => replicas.length))];
        const minimum = resources.find(({ resourceName }) => resourceName === name)?.configEntries[0]?.configValue;
        return [name, `${counts.join(" or ")}, min ${minimum}`];
      }));
    },
    inSync: async (topics) => {
      await waitUntil(async () => (await partitionsOf(topics)).every(({ partitions }) => partitions.every(({ isr, replicas }) => isr.length === replicas.length)), {
        description: "Replicas not in sync", timeoutMs: SETTLE_LIMIT_MS, intervalMs: 200,
      });
    },
  };
}
