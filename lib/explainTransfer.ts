import { BrokenConnectionError } from "./Silence.js";

/** What keeps a file from coming over the network, or from being written here. */
export type TransferFailure =
  | "disk full" | "no right" | "file system" | "unfit file system" | "open files"
  | "certificate" | "encryption" | "proxy" | "address" | "network" | "unknown";

export interface TransferPlace {
  /** Where it is written. */
  folder: string;
  /** Who sends it, as it stands in a sentence. */
  server: string;
  /** Environment variable that names another server. */
  addressVariable: "HF_ENDPOINT" | "MAVEN_MIRROR";
}

/** What to do after what else is to be done. */
export const RUN_AGAIN = "then run this again: what has come is kept";

/** Says in plain words what has failed and what to do next: a sentence or two that go on after a colon. */
export function explainTransfer(error: unknown, { folder, server, addressVariable }: TransferPlace): string {
  const reason = describeReason(error);
  switch (transferFailure(error)) {
    case "disk full": return `the disk of ${folder} is full. Make room, or set KAFKA_LLM_CHAT_STATE to a folder on a bigger disk; ${RUN_AGAIN}.`;
    case "no right": return `${folder} cannot be written (${reason}). Check who owns it, ${RUN_AGAIN}.`;
    case "file system": return `${folder} cannot be used (${reason}). Check that folder and its disk, or set KAFKA_LLM_CHAT_STATE to one on another; ${RUN_AGAIN}.`;
    case "unfit file system": return `the file system of ${folder} cannot hold it (${reason}): FAT32, as on memory sticks, has no files above 4 GB and no hard links. Set KAFKA_LLM_CHAT_STATE to a folder on another disk.`;
    case "open files": return `too many files and connections are open (${reason}). End other programs, or raise the limit with \`ulimit -n\`; ${RUN_AGAIN}.`;
    case "certificate": return `the certificate of ${server} is not trusted (${reason}). Where a proxy or a virus scanner opens connections, set NODE_EXTRA_CA_CERTS to the file with its certificate before this program starts; else check this machine's clock. ${capitalized(RUN_AGAIN)}.`;
    case "encryption": return `no encrypted connection to ${server} (${reason}). Check whether ${addressVariable} and HTTPS_PROXY begin with the right one of http:// and https://, ${RUN_AGAIN}.`;
    case "proxy": return `the proxy of HTTPS_PROXY does not connect to ${server} (${reason}). For 407 it wants user and password in HTTPS_PROXY, for 403 it must allow that address; NO_PROXY leaves it out. ${capitalized(RUN_AGAIN)}.`;
    case "address": return `an address cannot be read (${reason}). Check ${addressVariable} and the proxy (HTTPS_PROXY, HTTP_PROXY), ${RUN_AGAIN}.`;
    case "network": return `no connection to ${server} (${reason}). Check the network, the proxy (HTTPS_PROXY) or ${addressVariable}, ${RUN_AGAIN}.`;
    case "unknown": return `${reason}. Run this again: what has come is kept.`;
  }
}

/** Which of them an error is. */
export function transferFailure(error: unknown): TransferFailure {
  const at = rootOf(error);
  if (!(at instanceof Error)) return "unknown";
  if (PROXY_ANSWER.test(at.message)) return "proxy";
  // Where a name has several addresses, each has an error of its own, and only those say what was being done.
  const { code, syscall } = ((at instanceof AggregateError ? at.errors[0] : undefined) ?? at) as NodeJS.ErrnoException;
  // Firewalls and sandboxes forbid connections with the codes of the file system.
  if (at instanceof BrokenConnectionError || syscall === "connect") return "network";
  if (syscall === "link" && code === "EPERM") return "unfit file system";
  return CODES.find(([, codes]) => codes.test(code ?? ""))?.[0] ?? "unknown";
}

/** Whether the same transfer may succeed a moment later. */
export function isPassingFailure(error: unknown): boolean {
  const failure = transferFailure(error);
  // A proxy answers as any server does.
  if (failure === "proxy") return PROXY_BUSY.test(describeReason(error));
  return failure === "network" || failure === "unknown";
}

/** What an error says, with its code, in a few words. */
export function describeReason(error: unknown): string {
  const at = rootOf(error);
  if (!(at instanceof Error)) return String(at);
  const { code } = at as NodeJS.ErrnoException;
  // Where a name has several addresses, each has an error of its own, and the whole has no message.
  const words = at.message === "" && at instanceof AggregateError ? at.errors.map(describeReason).join("; ") : at.message;
  // OpenSSL's end in a line break.
  const message = words.trim();
  if (code === undefined || message.includes(code)) return message;
  return message === "" ? code : `${code}: ${message}`;
}

const CODES: readonly [TransferFailure, RegExp][] = [
  ["disk full", /^(ENOSPC|EDQUOT)$/],
  ["no right", /^(EACCES|EROFS|EPERM)$/],
  ["unfit file system", /^(EFBIG|ENOTSUP|EOPNOTSUPP)$/],
  ["open files", /^(EMFILE|ENFILE)$/],
  ["file system", /^(EBADF|EBUSY|EEXIST|EINVAL|EIO|EISDIR|ELOOP|ENAMETOOLONG|ENODEV|ENOENT|ENOTDIR|ENOTEMPTY|ENXIO|ESTALE|EXDEV)$/],
  ["certificate", /CERT|CRL|^UNABLE_TO_|^INVALID_(CA|PURPOSE)$|^(HOSTNAME_MISMATCH|PATH_LENGTH_EXCEEDED)$/],
  ["encryption", /^(ERR_SSL_.*|ERR_TLS_.*|EPROTO|UND_ERR_PRX_TLS)$/],
  ["address", /^(ERR_INVALID_URL|UND_ERR_INVALID_ARG)$/],
  ["network", /^(UND_ERR_.*|EAI_.*|ECONN.*|ENOTFOUND|ETIMEDOUT|EPIPE|EHOST.*|ENET.*|EADDRNOTAVAIL)$/],
];

/** What undici says when a proxy refuses, and the answers of it that another try may not get. */
const PROXY_ANSWER = /Proxy response \(\d+\)/;
const PROXY_BUSY = /Proxy response \(5\d\d\)/;

/** fetch hides the reason in its error's cause: the first one with a code, else the last. */
function rootOf(error: unknown): unknown {
  let at = error;
  while (at instanceof Error && typeof (at as NodeJS.ErrnoException).code !== "string" && at.cause !== undefined) at = at.cause;
  return at;
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
