import os from "node:os";
import path from "node:path";
import { catalogue, kafkaRelease, readSettings } from "kafka-llm-chat";

/** Where figures come from: neither host nor paths. */
export interface Machine {
  processor: string;
  cores: number;
  memoryGB: number;
  system: string;
  node: string;
  kafka: string;
  model: string;
}

export async function describeMachine(): Promise<Machine> {
  const { chatModel, cluster } = readSettings();
  return {
    processor: os.cpus()[0]?.model.trim() ?? "unknown processor",
    cores: os.cpus().length,
    memoryGB: Math.round(os.totalmem() / 1024 ** 3),
    system: `${os.type()} ${/^\d+\.\d+/.exec(os.release())?.[0] ?? ""}`.trim(),
    node: process.versions.node,
    kafka: cluster.external ? "of another cluster" : (await kafkaRelease("kraft")).version,
    model: catalogue.find(({ name }) => name === chatModel)?.title ?? path.basename(chatModel),
  };
}

export function machineInWords({ processor, cores, memoryGB, system, node, kafka, model }: Machine): string {
  return `${cores} cores of ${processor}, ${memoryGB} GB, ${system}, Node ${node}, Kafka ${kafka}, ${model}`;
}
