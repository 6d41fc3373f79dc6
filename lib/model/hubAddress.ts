import type { ModelSource } from "./catalogue.js";
import { ModelError } from "./ModelError.js";

export type HubSource = Extract<ModelSource, { kind: "hub" }>;

const FORM = "hf:owner/repository/file.gguf, with @revision behind it for another one than main";

/**
 * Reads `hf:owner/repository/path/file.gguf[@revision]`; undefined for what does not begin with `hf:`.
 * @throws ModelError that shows the form.
 */
export function parseHubAddress(spec: string): HubSource | undefined {
  if (!spec.startsWith("hf:")) return undefined;
  const [, owner, name, file, revision = "main"] = /^hf:([\w.-]+)\/([\w.-]+)\/([^@]+?)(?:@([\w./-]+))?$/.exec(spec) ?? [];
  const steps = [owner, name, ...(file ?? "").split("/"), ...revision.split("/")];
  // The parts become folders on this machine.
  const unsafe = steps.some((step) => step === undefined || step === "" || /^\.+$/.test(step) || /[\\:*?"<>|\0]/.test(step));
  if (owner === undefined || name === undefined || file === undefined || unsafe || !file.endsWith(".gguf")) {
    throw new ModelError(`CHAT_MODEL is "${spec}", but an address on the hub is ${FORM}.`);
  }
  const parts = /-\d{5}-of-(\d{5})\.gguf$/.exec(file)?.[1];
  if (parts !== undefined && Number(parts) > 1) throw new ModelError(`${spec} is one of ${Number(parts)} parts. Name a model that is one file.`);
  return { kind: "hub", repository: `${owner}/${name}`, file, revision };
}

/** Whether a revision can never come to mean something else. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}
