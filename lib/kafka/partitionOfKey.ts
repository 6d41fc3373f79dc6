import kafkajs from "kafkajs";

const partitioner = kafkajs.Partitioners.DefaultPartitioner();

/** The partition that a key hashes to: murmur2, as kafkajs and Kafka's Java clients do it. */
export function partitionOfKey(key: Buffer | string, partitions: number): number {
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => (
    { partitionErrorCode: 0, partitionId, leader: 0, replicas: [], isr: [] }));
  return partitioner({ topic: "", partitionMetadata, message: { key, value: null } });
}
