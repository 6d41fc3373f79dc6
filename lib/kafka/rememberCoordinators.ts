import { changeKafkajs } from "./changeKafkajs.js";

/** kafkajs's picture of the cluster, one for each producer, as far as it matters here. */
interface Cluster {
  findGroupCoordinatorMetadata: (request: CoordinatorRequest) => Promise<unknown>;
}

interface CoordinatorRequest {
  groupId: string;
  coordinatorType?: number;
}

/** `coordinatorType` of a transactional id; 0 is that of a group. */
const TRANSACTION = 1;
/**
 * In milliseconds: a few times what a transaction takes. When a coordinator moves, what is remembered of it is wrong for so
 * long: a transaction that fails for that has its partition taken over again, and kafkajs begins its retries after 300 ms.
 */
const MOST_AGE_MS = 100;

/**
 * Lets transactional producers remember for the length of a transaction which brokers coordinate them. kafkajs 2.2.4 asks anew before each step:
 * five of the twelve requests of a transaction that writes to two topics and commits an offset. Consumers and other producers ask as before.
 */
export function rememberCoordinators(): void {
  changeKafkajs<Cluster, "findGroupCoordinatorMetadata">("cluster", "findGroupCoordinatorMetadata", (ask) => {
    const remembered = new WeakMap<Cluster, Map<string, { at: number; found: Promise<unknown> }>>();
    return function (this: Cluster, request) {
      if (request.coordinatorType === TRANSACTION && !remembered.has(this)) remembered.set(this, new Map());
      const known = remembered.get(this);
      if (known === undefined) return ask.call(this, request);
      const key = `${request.coordinatorType ?? 0} ${request.groupId}`;
      const earlier = known.get(key);
      if (earlier !== undefined && performance.now() - earlier.at < MOST_AGE_MS) return earlier.found;
      const found = ask.call(this, request);
      known.set(key, { at: performance.now(), found });
      found.catch(() => known.delete(key));
      return found;
    };
  });
}
