export { readSettings, type Settings } from "./settings.js";
export type { OnProgress, Progress } from "./progress.js";
export { catalogue, type CatalogueEntry } from "./model/catalogue.js";
export { ChatNodeLlamaCpp } from "./model/ChatNodeLlamaCpp.js";
export { describeDevice } from "./model/loadLlama.js";
export { type LoadedModel, loadModel } from "./model/loadModel.js";
export { originalSampling, type Sampling } from "./model/Sampling.js";
