import { writeFile } from "node:fs/promises";
import net from "node:net";
import { text } from "node:stream/consumers";
import { freePort } from "../daemon/port.js";
import { findDaemon, stopDaemon, type RunningDaemon } from "../daemon/findDaemon.js";
import { startDaemon } from "../daemon/startDaemon.js";
import { waitUntil } from "../daemon/waitUntil.js";
import { zookeeperName } from "./findKafka.js";
import { javaCommand, type JavaProgram } from "./javaCommand.js";

export interface StartZookeeperOptions extends Pick<JavaProgram, "java" | "kafka" | "directory"> {
  /** Port of the broker that it serves. */
  brokerPort: number;
  stateDirectory: string;
  signal?: AbortSignal | undefined;
}

/** A ZooKeeper of one node on 127.0.0.1, on a free port; the one that serves this broker already is returned. */
export async function startZookeeper({ brokerPort, stateDirectory, signal, ...program }: StartZookeeperOptions): Promise<RunningDaemon & { port: number }> {
  const running = await findDaemon({ name: zookeeperName(brokerPort), stateDirectory });
  if (running?.ready === true && running.port !== undefined) return { ...running, port: running.port };
  await stopDaemon({ name: zookeeperName(brokerPort), stateDirectory });
  const port = await freePort();
  const command = await javaCommand({ ...program, heap: 128, main: "org.apache.zookeeper.server.quorum.QuorumPeerMain", args: ["./zookeeper.properties"] });
  await writeFile(`${program.directory}/zookeeper.properties`, configuration(port));
  const daemon = await startDaemon({
    name: zookeeperName(brokerPort), stateDirectory, ...command, port, signal,
    ready: async () => (await ask(port, "srvr").catch(() => "")).includes("Mode: standalone"),
  });
  return { ...daemon, port };
}

/**
 * Waits until ZooKeeper has forgotten a broker that was killed: it keeps the broker's node for the session's timeout (6 s),
 * and a new broker would end at once on finding it.
 */
export async function brokerForgotten(port: number, signal?: AbortSignal): Promise<void> {
  await waitUntil(async () => !(await ask(port, "dump")).includes("/brokers/ids/"), {
    description: `The killed broker not forgotten by ZooKeeper on port ${port}`, timeoutMs: 30_000, intervalMs: 100, signal,
  });
}

function configuration(port: number): string {
  return [
    "dataDir=./zookeeper", "clientPortAddress=127.0.0.1", `clientPort=${port}`, "tickTime=1000",
    "admin.enableServer=false", "4lw.commands.whitelist=srvr,dump",
    "autopurge.snapRetainCount=3", "autopurge.purgeInterval=24", "",
  ].join("\n");
}

/** ZooKeeper's administration by words of four letters. */
async function ask(port: number, word: string): Promise<string> {
  const socket = net.connect({ host: "127.0.0.1", port, timeout: 2_000 });
  socket.on("timeout", () => socket.destroy(new Error(`ZooKeeper on port ${port} does not answer "${word}"`)));
  socket.write(word);
  return await text(socket);
}
