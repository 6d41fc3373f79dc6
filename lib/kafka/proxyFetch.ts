import type { Dispatcher, Response } from "undici";

let dispatcher: Dispatcher | undefined;

/**
 * fetch, through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name, if they do. Node's own fetch knows them from
 * version 24 on only. undici is what Node's fetch is made of, but the two cannot share an agent across versions.
 */
export async function proxyFetch(url: string, { signal }: { signal: AbortSignal }): Promise<Response> {
  // Loaded at the first download only: most starts need none.
  const { EnvHttpProxyAgent, fetch } = await import("undici");
  dispatcher ??= new EnvHttpProxyAgent();
  return await fetch(url, { signal, dispatcher });
}
