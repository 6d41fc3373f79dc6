import path from "node:path";
import { repositoryRoot } from "./paths.js";

/** How to reach a Kafka cluster, and whether it is the user's own. */
export interface ClusterSettings {
  /** `host:port` of one or more brokers. */
  brokers: string[];
  /** True when KAFKA_BROKERS is set: that cluster is used and none is started. */
  external: boolean;
  ssl: boolean;
  sasl: { mechanism: "plain" | "scram-sha-256" | "scram-sha-512"; username: string; password: string } | undefined;
}

const LLAMA_CUDA = ["auto", "build", "off"] as const;

/** How llama.cpp is built and which build runs. */
export interface LlamaSettings {
  /** LLAMA_CUDA: `auto` (default) takes a build compiled here by buildLlama(), else the one that comes with node-llama-cpp; `build` lets notebook 2 compile one; `off` uses no CUDA. */
  cuda: (typeof LLAMA_CUDA)[number];
  /** CUDACXX: the CUDA compiler nvcc. CUDA_PATH, CUDA_HOME: the CUDA toolkit. Only for compiling. */
  nvcc: string | undefined;
  cudaToolkit: string | undefined;
  /** Each NODE_LLAMA_CPP_CMAKE_OPTION_NAME=value as NAME: value, as node-llama-cpp itself reads them. */
  cmakeOptions: Record<string, string>;
}

/** Everything that the environment decides, read in this one place. */
export interface Settings {
  cluster: ClusterSettings;
  /** Port of the local broker: KAFKA_PORT, default 9092. */
  kafkaPort: number;
  /** KAFKA_HOME: a Kafka of the user's own (a folder with `libs/`). */
  kafkaHome: string | undefined;
  /** JAVA_HOME: a Java of the user's own. */
  javaHome: string | undefined;
  /** MAVEN_MIRROR: base address that serves Maven Central's layout. */
  mavenMirror: string | undefined;
  /** CHAT_MODEL: catalogue name, `hf:` address or path to a .gguf. Default: the embedded model. */
  chatModel: string;
  /** CHAT_SEQUENCES: conversations that generate at once, 1 to 256. Default: the model's figure in the catalogue. */
  chatSequences: number | undefined;
  /** CHAT_TOPIC, default `chat`. The names of all other topics and of the group derive from it. */
  chatTopic: string;
  /** HF_TOKEN, HF_ENDPOINT: for models on the Hugging Face hub. */
  huggingFace: { token: string | undefined; endpoint: string | undefined };
  llama: LlamaSettings;
  /** JUPYTER_TOKEN: the token of JupyterLab; default: a new one at each start. COLAB: whether Google Colab may use it as a local runtime. */
  jupyter: { token: string | undefined; colab: boolean };
  /** Where all data lives: KAFKA_LLM_CHAT_STATE, default `.state/` in the repository. */
  stateDirectory: string;
}

/** Sequences that a context of llama.cpp may have. */
export const MAX_SEQUENCES = 256;

/** Whether a context of llama.cpp can have so many sequences. */
export function isSequenceCount(count: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= MAX_SEQUENCES;
}

const SASL_MECHANISMS = ["plain", "scram-sha-256", "scram-sha-512"] as const;

/**
 * Reads the settings from the environment.
 * @throws Error that names the variable, its value and what it may be.
 */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const kafkaPort = readPort(env, "KAFKA_PORT", 9092);
  const brokers = text(env, "KAFKA_BROKERS");
  return {
    cluster: {
      brokers: brokers === undefined ? [`127.0.0.1:${kafkaPort}`] : readBrokers(brokers),
      external: brokers !== undefined,
      ssl: readBoolean(env, "KAFKA_SSL", false),
      sasl: readSasl(env),
    },
    kafkaPort,
    kafkaHome: text(env, "KAFKA_HOME"),
    javaHome: text(env, "JAVA_HOME"),
    mavenMirror: readAddress(env, "MAVEN_MIRROR"),
    chatModel: text(env, "CHAT_MODEL") ?? "marvin",
    chatSequences: readSequences(env),
    chatTopic: readTopic(env),
    huggingFace: { token: text(env, "HF_TOKEN"), endpoint: readAddress(env, "HF_ENDPOINT") },
    llama: readLlama(env),
    jupyter: { token: text(env, "JUPYTER_TOKEN"), colab: readBoolean(env, "COLAB", false) },
    stateDirectory: path.resolve(text(env, "KAFKA_LLM_CHAT_STATE") ?? path.join(repositoryRoot, ".state")),
  };
}

/** An empty variable counts as not set, as in a shell's `VAR= command`. */
function text(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === "" ? undefined : value;
}

function readPort(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const value = text(env, name);
  if (value === undefined) return fallback;
  const port = Number(value);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new Error(`${name} is "${value}", but a port is a whole number from 1 to 65535`);
}

function readAddress(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = text(env, name);
  if (value === undefined || (/^https?:\/\//i.test(value) && URL.canParse(value))) return value;
  throw new Error(`${name} is "${value}", but it is the address of a server that begins with https:// or http://, such as https://mirror.example.org`);
}

function readBoolean(env: NodeJS.ProcessEnv, name: string, fallback: boolean): boolean {
  const value = text(env, name)?.toLowerCase();
  if (value === undefined) return fallback;
  if (["1", "true", "yes", "on"].includes(value)) return true;
  if (["0", "false", "no", "off"].includes(value)) return false;
  throw new Error(`${name} is "${value}", but it is either true or false`);
}

function readBrokers(value: string): string[] {
  const brokers = value.split(",").map((broker) => broker.trim()).filter((broker) => broker !== "");
  const bad = brokers.find((broker) => !/^.+:\d+$/.test(broker));
  if (brokers.length > 0 && bad === undefined) return brokers;
  throw new Error(`KAFKA_BROKERS is "${value}", but each broker is host:port, several separated by commas`);
}

function readSasl(env: NodeJS.ProcessEnv): ClusterSettings["sasl"] {
  const value = text(env, "KAFKA_SASL_MECHANISM")?.toLowerCase();
  if (value === undefined) return undefined;
  const mechanism = SASL_MECHANISMS.find((known) => known === value);
  if (mechanism === undefined) {
    throw new Error(`KAFKA_SASL_MECHANISM is "${value}", but it is one of ${SASL_MECHANISMS.join(", ")}`);
  }
  const username = text(env, "KAFKA_SASL_USERNAME");
  const password = env["KAFKA_SASL_PASSWORD"];
  if (username === undefined || password === undefined) {
    throw new Error(`KAFKA_SASL_MECHANISM is set, so KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD must be set too`);
  }
  return { mechanism, username, password };
}

function readLlama(env: NodeJS.ProcessEnv): LlamaSettings {
  const value = text(env, "LLAMA_CUDA")?.toLowerCase() ?? "auto";
  const cuda = LLAMA_CUDA.find((known) => known === value);
  if (cuda === undefined) throw new Error(`LLAMA_CUDA is "${value}", but it is one of ${LLAMA_CUDA.join(", ")}`);
  const prefix = "NODE_LLAMA_CPP_CMAKE_OPTION_";
  const cmakeOptions = Object.entries(env).flatMap(([name, option]) => (name.startsWith(prefix) && option !== undefined ? [[name.slice(prefix.length), option] as const] : []));
  return {
    cuda,
    nvcc: text(env, "CUDACXX"),
    cudaToolkit: text(env, "CUDA_PATH") ?? text(env, "CUDA_HOME"),
    cmakeOptions: Object.fromEntries(cmakeOptions),
  };
}

function readSequences(env: NodeJS.ProcessEnv): number | undefined {
  const value = text(env, "CHAT_SEQUENCES");
  if (value === undefined) return undefined;
  const count = Number(value);
  if (isSequenceCount(count)) return count;
  throw new Error(`CHAT_SEQUENCES is "${value}", but it is a whole number of conversations from 1 to ${MAX_SEQUENCES}`);
}

function readTopic(env: NodeJS.ProcessEnv): string {
  const topic = text(env, "CHAT_TOPIC") ?? "chat";
  // Kafka allows 249 characters; the longest name that derives from it adds 8.
  if (/^[a-zA-Z0-9._-]{1,240}$/.test(topic) && topic !== "." && topic !== "..") return topic;
  throw new Error(`CHAT_TOPIC is "${topic}", but a topic has 1 to 240 letters, digits, dots, underscores and hyphens`);
}
