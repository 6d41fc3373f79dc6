import { once } from "node:events";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { makeCertificates } from "../cluster/certificates.js";

/** Calls with the address of a server on loopback whose certificate nobody trusts, and stops it afterwards. */
export async function withUntrustedServer(action: (address: string) => Promise<void>): Promise<void> {
  const { certificate, key } = makeCertificates();
  const server = https.createServer({ cert: certificate, key });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await action(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
