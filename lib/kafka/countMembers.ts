import type { ClusterSettings } from "../settings.js";
import { connectKafka } from "./connectKafka.js";
import { withAdmin } from "./withAdmin.js";

/** The members that a consumer group has now; 0 where there is no such group. */
export async function countMembers(cluster: ClusterSettings, group: string): Promise<number> {
  return withAdmin(connectKafka(cluster), `Looking at the group ${group}`, async (admin) => {
    const { groups } = await admin.describeGroups([group]);
    return groups[0]?.members.length ?? 0;
  });
}
