import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

export interface HubRequest {
  method: string;
  path: string;
  range: string | undefined;
  authorization: string | undefined;
  /** `hub` answers the API and redirects downloads to `store`, another origin. */
  server: "hub" | "store";
}

/** How the server misbehaves. All of it can be changed while it runs. */
export interface Misbehaviour {
  /** Answers of the API, or of all downloads. */
  api?: { status: number; code?: string } | undefined;
  download?: { status: number; code?: string } | undefined;
  /** Whether the file is an ordinary one in git. */
  noLfs?: boolean | undefined;
  /** Answers this many questions of the API never. */
  silences?: number;
  /** Cuts this many connections, each after so many bytes. */
  breaks?: { count: number; afterBytes: number } | undefined;
  /** Ends this many answers early, as if they were whole. */
  truncations?: { count: number; toBytes: number } | undefined;
  /** The size that the API tells, and that the store tells. */
  announcedSize?: number | undefined;
  storedSize?: number | undefined;
  wrongBytes?: boolean | undefined;
  ignoreRange?: boolean | undefined;
  /** Stops sending after so many bytes until `release` is called. */
  holdAfter?: number | undefined;
  /** Answers as the hub does to clients that speak its xet protocol. */
  xet?: boolean | undefined;
}

export interface HubServer {
  endpoint: string;
  content: Buffer;
  sha256: string;
  requests: HubRequest[];
  behave: Misbehaviour;
  /** Commit that `main` stands for. */
  head: string;
  tags: string[];
  release(): void;
  close(): Promise<void>;
}

/** A server on loopback that speaks the Hugging Face hub's API as @huggingface/hub uses it, for the one file `acme/tiny/tiny.gguf`. */
export async function startHub(bytes = 3_000_000): Promise<HubServer> {
  const content = randomBytes(bytes);
  let wake: (() => void)[] = [];
  const hub: HubServer = {
    endpoint: "", content, sha256: createHash("sha256").update(content).digest("hex"), requests: [], behave: {}, head: COMMIT, tags: ["gguf", "license:apache-2.0"],
    release: () => {
      hub.behave.holdAfter = undefined;
      wake.forEach((go) => go());
      wake = [];
    },
    close: async () => {
      await Promise.all([front, store].map((server) => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      }));
    },
  };
  const record = (server: "hub" | "store", request: http.IncomingMessage): void => {
    hub.requests.push({ server, method: request.method ?? "", path: request.url ?? "", range: request.headers.range, authorization: request.headers.authorization });
  };

  const store = http.createServer((request, response) => {
    record("store", request);
    void send(request, response).catch(() => response.destroy());
  });
  const front = http.createServer((request, response) => {
    record("hub", request);
    const url = request.url ?? "";
    const { silences = 0 } = hub.behave;
    if (url.startsWith("/api/") && silences > 0) return void (hub.behave.silences = silences - 1);
    const refuse = url.startsWith("/api/") ? hub.behave.api : hub.behave.download;
    if (refuse !== undefined) return end(response, refuse.status, { error: "refused" }, refuse.code === undefined ? {} : { "x-error-code": refuse.code });
    if (url.startsWith("/api/models/acme/tiny/revision/")) return end(response, 200, { _id: "1", id: "acme/tiny", sha: hub.head, tags: hub.tags, gated: false, private: false, downloads: 1, likes: 1, lastModified: new Date(0).toISOString() });
    if (url === `/api/models/acme/tiny/paths-info/${hub.head}`) {
      const size = hub.behave.announcedSize ?? content.length;
      return end(response, 200, [{ type: "file", path: "tiny.gguf", oid: "0".repeat(40), size, ...(hub.behave.noLfs === true ? {} : { lfs: { oid: hub.sha256, size, pointerSize: 134 } }) }]);
    }
    if (!url.startsWith(`/acme/tiny/resolve/${hub.head}/tiny.gguf`)) return end(response, 404, { error: "Repository not found" }, { "x-error-code": "RepoNotFound" });
    const linked = { "x-linked-size": String(content.length), "x-linked-etag": `"${hub.sha256}"`, "x-repo-commit": hub.head };
    if (hub.behave.xet === true && request.headers.accept?.includes("xet-fileinfo") === true) {
      response.writeHead(200, { ...linked, "content-type": "application/vnd.xet-fileinfo+json", "x-xet-hash": "0".repeat(64), link: `<${hub.endpoint}/xet-token>; rel="xet-auth", <${hub.endpoint}/xet>; rel="xet-reconstruction-info"` });
      return response.end("{}");
    }
    response.writeHead(302, { ...linked, location: `http://127.0.0.1:${portOf(store)}/stored/tiny.gguf?signature=x` });
    response.end();
  });

  async function send(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { behave } = hub;
    const body = behave.wrongBytes === true ? Buffer.alloc(content.length, 7) : content;
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(behave.ignoreRange === true && request.headers.range !== "bytes=0-0" ? "" : request.headers.range ?? "") ?? [];
    const start = Number(from ?? 0);
    const stop = to === undefined || to === "" ? body.length : Math.min(Number(to) + 1, body.length);
    const range = from === undefined ? {} : { "content-range": `bytes ${start}-${stop - 1}/${behave.storedSize ?? body.length}` };
    let piece = body.subarray(start, stop);
    const probe = piece.length === 1;
    const truncated = !probe && (behave.truncations?.count ?? 0) > 0 ? behave.truncations : undefined;
    if (truncated !== undefined) {
      truncated.count--;
      piece = piece.subarray(0, truncated.toBytes);
    }
    response.writeHead(from === undefined ? 200 : 206, { etag: `"${hub.sha256}"`, "accept-ranges": "bytes", ...(truncated === undefined ? { "content-length": piece.length } : {}), ...range });
    const cut = !probe && (behave.breaks?.count ?? 0) > 0 ? behave.breaks : undefined;
    for (let sent = 0; sent < piece.length; sent += 65_536) {
      if (cut !== undefined && sent >= cut.afterBytes) {
        cut.count--;
        response.socket?.resetAndDestroy();
        return;
      }
      if (!probe && behave.holdAfter !== undefined && sent >= behave.holdAfter) await new Promise<void>((resolve) => wake.push(resolve));
      if (!response.write(piece.subarray(sent, sent + 65_536))) await once(response, "drain");
    }
    response.end();
  }

  for (const server of [front, store]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  hub.endpoint = `http://127.0.0.1:${portOf(front)}`;
  return hub;
}

function portOf(server: http.Server): number {
  return (server.address() as AddressInfo).port;
}

function end(response: http.ServerResponse, status: number, body: unknown, headers: http.OutgoingHttpHeaders = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}
