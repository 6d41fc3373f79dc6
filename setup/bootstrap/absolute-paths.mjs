// @ts-check
import path from "node:path";

const NAMES = ["KAFKA_LLM_CHAT_STATE", "KAFKA_HOME", "JAVA_HOME", "NODE_EXTRA_CA_CERTS", "CUDACXX", "CUDA_PATH", "CUDA_HOME"];

/**
 * Makes the settings that are paths absolute, as seen from here: kernels and daemons, which inherit them, work in other folders.
 * @param {NodeJS.ProcessEnv} env
 */
export function makePathsAbsolute(env) {
  for (const name of NAMES) {
    const value = env[name]?.trim();
    // The name of a program without a folder is looked for in PATH.
    if (value && (name !== "CUDACXX" || value.includes("/"))) env[name] = path.resolve(value);
  }
  const model = env["CHAT_MODEL"]?.trim();
  if (model?.endsWith(".gguf") && !model.startsWith("hf:")) env["CHAT_MODEL"] = path.resolve(model);
}
