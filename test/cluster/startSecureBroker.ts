import { writeFile } from "node:fs/promises";
import path from "node:path";
import { startBrokers } from "./BrokerCluster.js";
import { makeCertificates } from "./certificates.js";

/** A broker that speaks TLS at one port and knows its users there, and that lets everybody in at another. */
export interface SecureBroker {
  /** Settings of the environment for a program that may use it, apart from mechanism, name and password. */
  environment: { KAFKA_BROKERS: string; KAFKA_SSL: "true"; NODE_EXTRA_CA_CERTS: string };
  /** `host:port` without TLS and names. */
  openAddress: string;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

/** The user whom the broker knows by all three mechanisms. */
export const USER = { name: "alice", password: "in Wonderland: 7 keys" };

export async function startSecureBroker(): Promise<SecureBroker> {
  const { authority, certificate, key } = makeCertificates();
  const cluster = await startBrokers({
    brokers: 1,
    properties: ({ port, controller, extra }) => ({
      "listeners": `PLAINTEXT://127.0.0.1:${port},SECURE://127.0.0.1:${extra},CONTROLLER://127.0.0.1:${controller}`,
      "advertised.listeners": `PLAINTEXT://127.0.0.1:${port},SECURE://127.0.0.1:${extra}`,
      "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT",
      "listener.name.secure.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
      "listener.name.secure.plain.sasl.jaas.config": `org.apache.kafka.common.security.plain.PlainLoginModule required user_${USER.name}=${jaas(USER.password)};`,
      "listener.name.secure.scram-sha-256.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
      "listener.name.secure.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
      "listener.name.secure.ssl.keystore.type": "PEM",
      "listener.name.secure.ssl.keystore.key": oneLine(key),
      "listener.name.secure.ssl.keystore.certificate.chain": oneLine(certificate),
    }),
    formatArgs: ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((mechanism) => ["--add-scram", `${mechanism}=[name=${USER.name},password=${jaas(USER.password)}]`]),
  });
  const authorityFile = path.join(cluster.folder, "authority.pem");
  await writeFile(authorityFile, authority);
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error("There is no broker");
  return {
    environment: { KAFKA_BROKERS: `127.0.0.1:${node.ports.extra}`, KAFKA_SSL: "true", NODE_EXTRA_CA_CERTS: authorityFile },
    openAddress: node.address,
    stop: () => cluster.stop(),
  };
}

const jaas = (text: string): string => `"${text}"`;

/** As Java reads it from a file of properties. */
const oneLine = (pem: string): string => pem.trim().replaceAll("\n", "\\n");
