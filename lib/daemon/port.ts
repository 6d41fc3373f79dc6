import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir, readlink } from "node:fs/promises";
import net from "node:net";
import { promisify } from "node:util";
import { commandOf } from "./processIdentity.js";

/** Whether a program answers on this port of 127.0.0.1. */
export async function isPortBound(port: number): Promise<boolean> {
  const socket = net.connect({ host: "127.0.0.1", port, timeout: 1_000 });
  try {
    return await new Promise((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("timeout", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

/** A port of 127.0.0.1 that nobody uses now. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Who listens on the port, as far as this user may know: "process 123 (python3 -m http.server)" or "an unknown process". */
export async function portHolder(port: number): Promise<string> {
  const pid = (process.platform === "linux" ? await linuxHolder(port) : undefined) ?? (await lsofHolder(port));
  if (pid === undefined) return "an unknown process";
  const command = (await commandOf(pid)) ?? "unknown command";
  return `process ${pid} (${command.length > 120 ? `${command.slice(0, 119)}…` : command})`;
}

/** Finds the listening socket's inode in proc(5), and then the process that has it open. */
async function linuxHolder(port: number): Promise<number | undefined> {
  const tables = await Promise.all(["tcp", "tcp6"].map((name) => readFile(`/proc/net/${name}`, "utf8").catch(() => "")));
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const LISTEN = "0A";
  const rows = tables.join("\n").split("\n").map((row) => row.trim().split(/\s+/));
  const sockets = new Set(rows.filter((row) => row[1]?.endsWith(`:${hex}`) && row[3] === LISTEN).map((row) => `socket:[${row[9] ?? ""}]`));
  if (sockets.size === 0) return undefined;
  for (const pid of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const folder = `/proc/${pid}/fd`;
    for (const fd of await readdir(folder).catch(() => [])) {
      if (sockets.has(await readlink(`${folder}/${fd}`).catch(() => ""))) return Number(pid);
    }
  }
  return undefined;
}

async function lsofHolder(port: number): Promise<number | undefined> {
  const listing = promisify(execFile)("lsof", ["-nP", "-t", `-iTCP:${port}`, "-sTCP:LISTEN"]);
  const pid = Number.parseInt(await listing.then(({ stdout }) => stdout, () => ""), 10);
  return Number.isInteger(pid) ? pid : undefined;
}
