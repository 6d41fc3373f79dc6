import kafkajs, { type Admin, type Kafka } from "kafkajs";
import { withAdmin } from "./withAdmin.js";

/** A topic as it must be. */
export interface TopicSpec {
  topic: string;
  partitions: number;
  /** Topic settings by Kafka's names. */
  settings: Record<string, string>;
}

/** What was found when the topics were checked. */
export interface EnsuredTopics {
  created: string[];
  /** Settings of topics that were there already and differ, as `topic: name is x, not y`. */
  differences: string[];
}

/** A topic cannot be used as it is: its partitions differ from what the others have. */
export class TopicMismatchError extends Error {
  override name = "TopicMismatchError";
}

/**
 * Creates the topics that are missing and checks the others. Replication is 3, of which 2 must have a record before it counts as
 * written, so that one broker may fail; where there are fewer brokers, it is their number.
 * @throws TopicMismatchError when a topic has another number of partitions: keys would hash to other partitions, and the order within a conversation would be lost.
 */
export async function ensureTopics(kafka: Kafka, specs: TopicSpec[]): Promise<EnsuredTopics> {
  return withAdmin(kafka, "Creating topics", async (admin) => {
    const existing = new Set(await admin.listTopics());
    const missing = specs.filter(({ topic }) => !existing.has(topic));
    if (missing.length > 0) await createTopics(admin, missing);
    await checkPartitions(admin, specs);
    const present = specs.filter(({ topic }) => existing.has(topic));
    return { created: missing.map(({ topic }) => topic), differences: await findDifferences(admin, present) };
  });
}

async function createTopics(admin: Admin, specs: TopicSpec[]): Promise<void> {
  const { brokers } = await admin.describeCluster();
  const replicationFactor = Math.min(3, brokers.length);
  // createTopics answers false, without an error, for topics that somebody else has created meanwhile.
  await admin.createTopics({
    waitForLeaders: true,
    topics: specs.map(({ topic, partitions, settings }) => ({
      topic, numPartitions: partitions, replicationFactor,
      configEntries: Object.entries({ ...(replicationFactor < 3 ? {} : { "min.insync.replicas": "2" }), ...settings }).map(([name, value]) => ({ name, value })),
    })),
  });
}

async function checkPartitions(admin: Admin, specs: TopicSpec[]): Promise<void> {
  const { topics } = await admin.fetchTopicMetadata({ topics: specs.map(({ topic }) => topic) });
  for (const { topic, partitions } of specs) {
    const found = topics.find(({ name }) => name === topic)?.partitions.length ?? 0;
    if (found === partitions) continue;
    throw new TopicMismatchError(
      `Topic "${topic}" has ${found} partitions, but ${partitions} are needed: all topics of a chat have the same number, or a conversation's `
      + `messages and memory would lie in different partitions. Use another name (CHAT_TOPIC), or delete the topic if nobody needs it.`);
  }
}

async function findDifferences(admin: Admin, specs: TopicSpec[]): Promise<string[]> {
  if (specs.length === 0) return [];
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: specs.map(({ topic }) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic })),
  });
  return specs.flatMap(({ topic, settings }) => {
    const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? [];
    return Object.entries(settings).flatMap(([name, wanted]) => {
      const value = entries.find(({ configName }) => configName === name)?.configValue;
      return value === undefined || value === wanted ? [] : [`${topic}: ${name} is ${value}, not ${wanted}`];
    });
  });
}

/** The number of partitions of a topic, or undefined where there is no such topic. */
export async function countPartitions(kafka: Kafka, topic: string): Promise<number | undefined> {
  return withAdmin(kafka, `Looking at the topic ${topic}`, async (admin) => {
    if (!(await admin.listTopics()).includes(topic)) return undefined;
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions.length;
  });
}
