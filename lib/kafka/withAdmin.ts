import type { Admin, Kafka } from "kafkajs";
import { waitUntil } from "../daemon/waitUntil.js";

/** Limit for what a cluster needs to settle, such as a new leader, in milliseconds. */
const SETTLE_LIMIT_MS = 30_000;

/**
 * Connects an administrator for one piece of work. Errors that Kafka calls retriable (a partition without a leader, right
 * after its topic was created or a broker came back) are waited out: kafkajs's administrator gives up on most of them.
 */
export async function withAdmin<T>(kafka: Kafka, what: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  let last: unknown;
  try {
    const { result } = await waitUntil(async () => {
      try {
        return { result: await use(admin) };
      } catch (error) {
        if ((error as { retriable?: boolean }).retriable !== true) throw error;
        last = error;
        return undefined;
      }
    }, { description: `${what} not possible`, timeoutMs: SETTLE_LIMIT_MS });
    return result;
  } catch (error) {
    if (last !== undefined && error !== last && error instanceof Error) error.cause ??= last;
    throw error;
  } finally {
    await admin.disconnect();
  }
}
