import { describeReason, explainTransfer, isPassingFailure } from "../explainTransfer.js";
import { HubAnswerError, type HubConnection } from "./hubFetch.js";
import { ModelError } from "./ModelError.js";
import { WrongSizeError } from "./transfer.js";

/** Says in plain words why a download has failed and what to do next. Always a ModelError, with the reason as its cause. */
export function explainHubError(error: unknown, { title, folder, connection }: { title: string; folder: string; connection: HubConnection }): ModelError {
  if (error instanceof ModelError) return error;
  const server = connection.endpoint ?? "the hub";
  const explain = (text: string): ModelError => new ModelError(`Downloading ${title} failed: ${text}`, { cause: error });
  if (error instanceof HubAnswerError) return explain(answered(error, connection));
  if (error instanceof WrongSizeError) return explain(`${describeReason(error)}. Something between here and the hub changes files: try another network, or HF_ENDPOINT for another server.`);
  if (isNotUnderstood(error)) return explain(`${server} does not answer as the Hugging Face hub does (${describeReason(error)}). Check HF_ENDPOINT.`);
  return explain(explainTransfer(error, { folder, server, addressVariable: "HF_ENDPOINT" }));
}

/** Whether the same request may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ModelError || error instanceof WrongSizeError || isNotUnderstood(error)) return false;
  if (error instanceof HubAnswerError) return error.status >= 500 || error.status === 416 || error.status === 408 || error.status === 429;
  return isPassingFailure(error);
}

/** The hub's library does not export all of its error classes for `instanceof`, and a JSON parser has its own. */
function isNotUnderstood(error: unknown): boolean {
  return error instanceof SyntaxError || (error instanceof Error && error.constructor.name === "InvalidApiResponseFormatError");
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
