import type { EnvHttpProxyAgent, RequestInit as UndiciRequestInit } from "undici";

let dispatcher: EnvHttpProxyAgent | undefined;

/**
 * fetch, through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name, if they do. Node's own fetch knows them from
 * version 24 on only. undici is what Node's fetch is made of, but the two cannot share an agent across versions.
 */
export const proxyFetch: typeof fetch = async (input, init) => {
  // Loaded at the first download only: most starts need none.
  const { EnvHttpProxyAgent, fetch: undiciFetch } = await import("undici");
  dispatcher ??= new EnvHttpProxyAgent();
  const url = input instanceof Request ? input.url : input;
  // The types of Node's own fetch describe another version of undici.
  const response: unknown = await undiciFetch(url, { ...init, dispatcher } as unknown as UndiciRequestInit);
  return response as Response;
};
