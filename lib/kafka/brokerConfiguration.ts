import type { KafkaMode } from "./kafkaRelease.js";

export interface BrokerConfiguration {
  mode: KafkaMode;
  /** Port for clients, on 127.0.0.1. */
  port: number;
  /** KRaft: port of the controller. ZooKeeper mode: port of ZooKeeper. Both on 127.0.0.1. */
  quorumPort: number;
  /** Folder of the records, relative to the broker's working directory. */
  logDirectory: string;
}

/**
 * The properties of a broker of one node, for development: everything on 127.0.0.1, one copy of everything, quick to start.
 * Paths are relative, since Kafka splits `log.dirs` at commas and reads properties as Latin-1.
 */
export function brokerConfiguration({ mode, port, quorumPort, logDirectory }: BrokerConfiguration): string {
  return format({
    ...(mode === "kraft" ? kraft(port, quorumPort) : zookeeper(port, quorumPort)),
    "log.dirs": logDirectory,
    ...ONE_NODE,
    ...FOR_CHAT,
    ...SMALL,
  });
}

const kraft = (port: number, controller: number) => ({
  "process.roles": "broker,controller",
  "node.id": 1,
  // Static voters: the controller may listen on another port after each start.
  "controller.quorum.voters": `1@127.0.0.1:${controller}`,
  "controller.listener.names": "CONTROLLER",
  "listeners": `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
  "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}`,
  "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
  "inter.broker.listener.name": "PLAINTEXT",
  // After kill -9 the controller accepts the broker again once its old session has ended: 9 s by default, 12 s in all.
  "broker.session.timeout.ms": 3_000,
  "broker.heartbeat.interval.ms": 500,
});

const zookeeper = (port: number, client: number) => ({
  "broker.id": 1,
  "zookeeper.connect": `127.0.0.1:${client}`,
  // After kill -9 a restart waits as long as this for ZooKeeper to forget the broker.
  "zookeeper.session.timeout.ms": 6_000,
  "listeners": `PLAINTEXT://127.0.0.1:${port}`,
  "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}`,
});

const ONE_NODE = {
  "default.replication.factor": 1,
  "min.insync.replicas": 1,
  "offsets.topic.replication.factor": 1,
  "transaction.state.log.replication.factor": 1,
  "transaction.state.log.min.isr": 1,
  "share.coordinator.state.topic.replication.factor": 1,
  "share.coordinator.state.topic.min.isr": 1,
  // 50 partitions each by default, which cost about 5 s at first use (measured).
  "offsets.topic.num.partitions": 1,
  "transaction.state.log.num.partitions": 1,
  "share.coordinator.state.topic.num.partitions": 1,
};

const FOR_CHAT = {
  "auto.create.topics.enable": false,
  // Nobody waits for further members of a group that is new.
  "group.initial.rebalance.delay.ms": 0,
  "group.min.session.timeout.ms": 500,
  // Kafka's default, and it must stay: a broker that looks for dead transactions while it starts after a kill aborts them in a moment
  // in which its partitions have no leader, and then writes no marker (KAFKA-20734, seen with 4.4.0: replies of an aborted transaction
  // became visible). Who takes a partition over aborts what its killed owner has left at once, so nobody waits for this.
  "transaction.abort.timed.out.transaction.cleanup.interval.ms": 10_000,
  // A chat that rested for a week, the default, goes on where it stopped: ten years, in minutes.
  "offsets.retention.minutes": 5_256_000,
};

const SMALL = {
  "num.network.threads": 2,
  "num.io.threads": 4,
  "background.threads": 2,
  // 128 MiB by default, taken at the start; 8 MiB clean some 300,000 keys in one pass.
  "log.cleaner.dedupe.buffer.size": 8_388_608,
};

function format(properties: Record<string, string | number | boolean>): string {
  return Object.entries(properties).map(([key, value]) => `${key}=${value}\n`).join("");
}
