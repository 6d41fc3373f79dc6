import { execa } from "execa";
import { waitUntil } from "kafka-llm-chat/internal/daemon/waitUntil.js";

/** Namespaces of Linux that no other program is in. */
export interface OwnNamespaces {
  /** Runs the program after it with mounts that only these programs see. */
  mounts: string[];
  /** And with a network that leads nowhere. */
  mountsAndNetwork: string[];
  /** From then on the mounts are gone. */
  end(): Promise<void>;
}

/**
 * Makes namespaces for mounts and network, which are there as long as a process of ours is in them. Needs root.
 * @param name stands in the command line of that process
 */
export async function ownNamespaces(name: string): Promise<OwnNamespaces> {
  const holder = execa("unshare", ["--mount", "--net", "--", "sh", "-c", "ip link set lo up && echo ready && exec cat", name], { reject: false });
  let output = "";
  holder.stdout.on("data", (text: Buffer) => (output += text.toString()));
  holder.stderr.on("data", (text: Buffer) => (output += text.toString()));
  await waitUntil(() => output.includes("ready") || holder.exitCode !== null, { description: "Namespaces not made", timeoutMs: 10_000 });
  if (holder.exitCode !== null) throw new Error(`Namespaces for mounts and network could not be made:\n${output}`);
  const mounts = ["nsenter", "--target", String(holder.pid), "--mount"];
  return {
    mounts: [...mounts, "--"],
    mountsAndNetwork: [...mounts, "--net", "--"],
    // cat ends with its input.
    end: async () => {
      holder.stdin.end();
      await holder;
    },
  };
}
