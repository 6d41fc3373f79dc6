import { HubAnswerError, type HubConnection } from "./hubFetch.js";
import { ModelError } from "./ModelError.js";
import { BrokenConnectionError } from "../Silence.js";
import { WrongSizeError } from "./transfer.js";

/** Says in plain words why a download has failed and what to do next. Always a ModelError, with the reason as its cause. */
export function explainHubError(error: unknown, what: { title: string; folder: string; connection: HubConnection }): ModelError {
  if (error instanceof ModelError) return error;
  const { folder, connection } = what;
  const server = connection.endpoint ?? "the hub";
  const reason = describeReason(error);
  const again = "then run this again: what has come is kept";
  const explain = (text: string): ModelError => new ModelError(`Downloading ${what.title} failed: ${text}`, { cause: error });
  if (error instanceof HubAnswerError) return explain(answered(error, connection));
  switch (kindOf(error)) {
    case "wrong size": return explain(`${reason}. Something between here and the hub changes files: try another network, or HF_ENDPOINT for another server.`);
    case "not understood": return explain(`${server} does not answer as the Hugging Face hub does (${reason}). Check HF_ENDPOINT.`);
    case "disk full": return explain(`the disk of ${folder} is full. Make room, or set KAFKA_LLM_CHAT_STATE to a folder on a bigger disk; ${again}.`);
    case "no right": return explain(`${folder} cannot be written (${reason}). Check who owns it, ${again}.`);
    case "file system": return explain(`${folder} cannot be used (${reason}). Check that folder and its disk, or set KAFKA_LLM_CHAT_STATE to one on another; ${again}.`);
    case "unfit file system": return explain(`the file system of ${folder} cannot hold it (${reason}): FAT32, as on memory sticks, has no files above 4 GB and no hard links. Set KAFKA_LLM_CHAT_STATE to a folder on another disk.`);
    case "open files": return explain(`too many files and connections are open (${reason}). End other programs, or raise the limit with \`ulimit -n\`; ${again}.`);
    case "certificate": return explain(`the certificate of ${server} is not trusted (${reason}). Where a proxy or a virus scanner opens connections, set NODE_EXTRA_CA_CERTS to the file with its certificate before this program starts; else check this machine's clock. ${capitalized(again)}.`);
    case "encryption": return explain(`no encrypted connection to ${server} (${reason}). Check whether HF_ENDPOINT and HTTPS_PROXY begin with the right one of http:// and https://, ${again}.`);
    case "proxy": return explain(`the proxy of HTTPS_PROXY does not connect to ${server} (${reason}). For 407 it wants user and password in HTTPS_PROXY, for 403 it must allow that address; NO_PROXY leaves it out. ${capitalized(again)}.`);
    case "address": return explain(`an address cannot be read (${reason}). Check HF_ENDPOINT and the proxy (HTTPS_PROXY, HTTP_PROXY), ${again}.`);
    case "network": return explain(`no connection to ${server} (${reason}). Check the network, the proxy (HTTPS_PROXY) or HF_ENDPOINT, ${again}.`);
    default: return explain(`${reason}. Run this again: what has come is kept.`);
  }
}

/** Whether the same request may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ModelError) return false;
  if (error instanceof HubAnswerError) return error.status >= 500 || error.status === 416 || error.status === 408 || error.status === 429;
  // A proxy answers as any server does.
  if (kindOf(error) === "proxy") return PROXY_BUSY.test(describeReason(error));
  return ["network", "unknown"].includes(kindOf(error));
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

type Kind =
  | "wrong size" | "not understood" | "disk full" | "no right" | "file system" | "unfit file system" | "open files"
  | "certificate" | "encryption" | "proxy" | "address" | "network" | "unknown";

const CODES: readonly [Kind, RegExp][] = [
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

/** Answers of a proxy that another try may not get. */
const PROXY_BUSY = /Proxy response \(5\d\d\)/;

function kindOf(error: unknown): Kind {
  if (error instanceof WrongSizeError) return "wrong size";
  if (isNotUnderstood(error)) return "not understood";
  const at = rootOf(error);
  if (!(at instanceof Error)) return "unknown";
  if (/Proxy response \(\d+\)/.test(at.message)) return "proxy";
  const { code, syscall } = at as NodeJS.ErrnoException;
  // Firewalls and sandboxes forbid connections with the codes of the file system.
  if (at instanceof BrokenConnectionError || syscall === "connect") return "network";
  if (syscall === "link" && code === "EPERM") return "unfit file system";
  return CODES.find(([, codes]) => codes.test(code ?? ""))?.[0] ?? "unknown";
}

/** The hub's library does not export all of its error classes for `instanceof`, and a JSON parser has its own. */
function isNotUnderstood(error: unknown): boolean {
  return error instanceof SyntaxError || (error instanceof Error && error.constructor.name === "InvalidApiResponseFormatError");
}

/** fetch hides the reason in its error's cause: the first one with a code, else the last. */
function rootOf(error: unknown): unknown {
  let at = error;
  while (at instanceof Error && typeof (at as NodeJS.ErrnoException).code !== "string" && at.cause !== undefined) at = at.cause;
  return at;
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function answered({ status, code, path, message }: HubAnswerError, { token, endpoint }: HubConnection): string {
  const where = `(${path}${endpoint === undefined ? "" : ` at ${endpoint}`})`;
  const gated = code === "GatedRepo";
  if (gated && token === undefined) return `this model is given only to people who have accepted its terms ${where}. Accept them on the model's page, make an access token in your account's settings, and set HF_TOKEN to it.`;
  if (gated) return `the account of HF_TOKEN has not been given access to this model ${where}. Ask for it on the model's page; some owners answer after hours or days.`;
  // The hub hides what is private: it answers 401 for a repository that does not exist, too.
  if (status === 401 && token === undefined) return `the hub knows no such public model ${where}. Check the spelling; a private model needs HF_TOKEN.`;
  if (status === 401) return `the hub does not accept HF_TOKEN, or there is no such model ${where}. Check the token and the spelling.`;
  if (status === 403) return `access is refused ${where}. HF_TOKEN must be a token that may read this model.`;
  if (code === "RevisionNotFound") return `the model has no such revision ${where}. Check what stands behind @.`;
  if (status === 404) return `there is no such model or file ${where}. Check the spelling: capital and small letters differ.`;
  if (status === 416) return `the server cannot go on where the download broke off ${where}.`;
  if (status === 429) return `the hub takes no more requests from here for now ${where}. Wait a few minutes, or set HF_TOKEN, which allows more.`;
  return `${message} ${where}. Try again later; what has come is kept.`;
}
