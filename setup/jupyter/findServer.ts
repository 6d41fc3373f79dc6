import fs from "node:fs";
import path from "node:path";

/** A Jupyter server that answers. */
export interface JupyterServer {
  pid: number;
  /** Ends with a slash. */
  url: string;
  token: string;
}

interface ServerFile extends JupyterServer {
  hostname: string;
  port: number;
  base_url: string;
}

/**
 * The server of a runtime folder that answers to its own token: Jupyter writes address and token into a file there, for
 * its owner's eyes only. Files of servers that were killed stay behind; those do not answer.
 */
export async function findServer(runtime: string, signal: AbortSignal): Promise<JupyterServer | undefined> {
  for (const name of fs.readdirSync(runtime).filter((entry) => /^jpserver-\d+\.json$/.test(entry))) {
    const server = readServer(path.join(runtime, name));
    if (server !== undefined && (await answers(server, signal))) return server;
  }
  return undefined;
}

function readServer(file: string): JupyterServer | undefined {
  try {
    const { pid, url, token, hostname, port, base_url: base } = JSON.parse(fs.readFileSync(file, "utf8")) as ServerFile;
    // One that listens on all addresses gives the machine's name, which not every machine knows.
    const here = ["localhost", "0.0.0.0", "::"].includes(hostname);
    return { pid, url: here ? `http://127.0.0.1:${port}${base}` : url, token };
  } catch {
    return undefined;
  }
}

async function answers({ url, token }: JupyterServer, signal: AbortSignal): Promise<boolean> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(5_000)]);
  const response = await fetch(`${url}api/status`, { headers: { Authorization: `token ${token}` }, signal: limit }).catch(() => undefined);
  return response?.ok === true;
}
