import { generateKeyPairSync, randomBytes } from "node:crypto";
import forge from "node-forge";

/** A certificate for 127.0.0.1 and localhost, and the authority that has signed it and that nobody else knows. All in PEM format. */
export interface Certificates {
  authority: string;
  certificate: string;
  key: string;
}

/** Makes them, valid for a day. */
export function makeCertificates(): Certificates {
  const authority = keyPair();
  const broker = keyPair();
  const ca = certify("Authority of a test", authority, { name: "Authority of a test", key: authority.key }, [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
  ]);
  const certificate = certify("127.0.0.1", broker, { name: "Authority of a test", key: authority.key }, [
    { name: "basicConstraints", cA: false },
    { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
    { name: "extKeyUsage", serverAuth: true },
    { name: "subjectAltName", altNames: [{ type: IP_ADDRESS, ip: "127.0.0.1" }, { type: DNS_NAME, value: "localhost" }] },
  ]);
  return { authority: ca, certificate, key: broker.pem };
}

/** Kinds of names of RFC 5280, 4.2.1.6. */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

interface KeyPair {
  key: forge.pki.rsa.PrivateKey;
  publicKey: forge.pki.rsa.PublicKey;
  /** The private key as PKCS #8, which Java reads. */
  pem: string;
}

/** By Node.js, which takes a tenth of a second; forge would take seconds. */
function keyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048, privateKeyEncoding: { type: "pkcs8", format: "pem" }, publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return { key: forge.pki.privateKeyFromPem(privateKey), publicKey: forge.pki.publicKeyFromPem(publicKey), pem: privateKey };
}

function certify(name: string, { publicKey }: KeyPair, signer: { name: string; key: forge.pki.rsa.PrivateKey }, extensions: object[]): string {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKey;
  // Positive: the first bit is 0.
  certificate.serialNumber = `01${randomBytes(8).toString("hex")}`;
  certificate.validity.notBefore = new Date(Date.now() - 3_600_000);
  certificate.validity.notAfter = new Date(Date.now() + 24 * 3_600_000);
  certificate.setSubject([{ name: "commonName", value: name }]);
  certificate.setIssuer([{ name: "commonName", value: signer.name }]);
  certificate.setExtensions(extensions);
  certificate.sign(signer.key, forge.md.sha256.create());
  // forge ends lines as Windows does.
  return forge.pki.certificateToPem(certificate).replaceAll("\r\n", "\n");
}
