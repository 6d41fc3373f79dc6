// @ts-check

/** What the words of npm, pip, Node and the operating system mean. The first that matches is told. */
const KNOWN = [
  {
    words: /\bENOSPC\b|No space left on device|Disk quota exceeded|\bEDQUOT\b/i,
    why: "the disk is full",
    todo: "free some space (a complete set-up takes about 2 GB), then run the command again: it goes on where it stopped",
  },
  {
    words: /\bEROFS\b|Read-only file system/i,
    why: "the folder is on a read-only file system",
    todo: "clone the repository to a place that you can write to",
  },
  {
    words: /\b(EACCES|EPERM)\b|Permission denied/i,
    why: "a file or folder may not be written by this user",
    todo: "give yourself the right to write to the repository's folder (was an earlier run made with sudo?), then run the command again",
  },
  {
    words: /EINTEGRITY|DO NOT MATCH THE HASHES|sha512 .*integrity checksum failed/i,
    why: "what was downloaded is not what this repository expects: the download was damaged, or something between here and there changes it",
    todo: "run the command again; if it stays so, ask whoever runs your proxy or mirror",
  },
  {
    words: /SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY)|unable to get local issuer|CERTIFICATE_VERIFY_FAILED/i,
    why: "the certificate of the download server is not trusted here: often a proxy that opens encrypted connections",
    todo: "tell npm and pip of your proxy's certificate: NODE_EXTRA_CA_CERTS=FILE and PIP_CERT=FILE, then run the command again",
  },
  {
    words: /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b|fetch failed|Failed to establish a new connection|Max retries exceeded|Connection(Error|TimeoutError| timed out)|Temporary failure in name resolution|Network is unreachable|from versions: none/i,
    why: "the download server cannot be reached",
    todo: "check the network (behind a proxy set HTTPS_PROXY; with a mirror configure npm and pip as usual), then run the command again: it goes on where it stopped",
  },
  {
    words: /No matching distribution found/i,
    why: "a package has no build for this Python or this kind of machine",
    todo: "install another Python (3.10 to 3.13 are known to work) and put it first on PATH, then run the command again",
  },
];

/**
 * What a failed program's output means, in words.
 * @param {string} output
 * @returns {{ why: string, todo: string } | undefined} undefined when it is of no known kind
 */
export function explain(output) {
  return KNOWN.find(({ words }) => words.test(output));
}
