import { proxyFetch } from "../proxyFetch.js";

/** How to reach the hub. */
export interface HubConnection {
  /** HF_ENDPOINT; undefined is the hub that @huggingface/hub knows. */
  endpoint: string | undefined;
  /** HF_TOKEN. */
  token: string | undefined;
}

/** The hub answers, but not with what was asked for. */
export class HubAnswerError extends Error {
  override name = "HubAnswerError";

  constructor(readonly status: number, readonly code: string | undefined, readonly path: string, readonly retryAfterMs: number | undefined, message = `the hub answers ${status}`) {
    super(message);
  }
}

/** Requests of one attempt. The hub's library turns errors inside a stream into strings, so the first one is kept here. */
export interface HubRequests {
  hubUrl: string;
  fetch: typeof fetch;
  failure: unknown;
}

/** Requests that carry the token to the hub and to nobody else, end with the signal, and fail on any answer that is no success. */
export async function hubRequests({ endpoint, token }: HubConnection, signal: AbortSignal): Promise<HubRequests> {
  const { HUB_URL } = await import("@huggingface/hub");
  const hubUrl = (endpoint ?? HUB_URL).replace(/\/+$/, "");
  const { origin } = new URL(hubUrl);
  const requests: HubRequests = { hubUrl, failure: undefined, fetch: async (input, init) => {
    try {
      const url = new URL(input instanceof Request ? input.url : input);
      const headers = new Headers(init?.headers);
      // Bytes are counted, so that they can be asked for from where they broke off: no compression on the way.
      headers.set("accept-encoding", "identity");
      // Not the library's accessToken: it refuses the tokens of mirrors, which do not begin with hf_.
      if (token !== undefined && url.origin === origin) headers.set("authorization", `Bearer ${token}`);
      return await checked(await proxyFetch(url, { ...init, headers: Object.fromEntries(headers), signal }), headers.get("range"), url);
    } catch (error) {
      requests.failure ??= error;
      throw error;
    }
  } };
  return requests;
}

async function checked(response: Response, range: string | null, url: URL): Promise<Response> {
  const { status, headers } = response;
  const wanted = /^bytes=(\d+)-/.exec(range ?? "")?.[1];
  const rangeIgnored = wanted !== undefined && wanted !== "0" && !headers.get("content-range")?.startsWith(`bytes ${wanted}-`);
  if (response.ok && !rangeIgnored) return response;
  await response.body?.cancel();
  const seconds = Number(headers.get("retry-after") ?? NaN);
  throw new HubAnswerError(response.ok ? 416 : status, headers.get("x-error-code") ?? undefined, url.pathname, Number.isFinite(seconds) ? seconds * 1000 : undefined);
}
