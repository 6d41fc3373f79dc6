import type { CatalogueEntry } from "./catalogue.js";
import type { DownloadModelOptions } from "./downloadModel.js";
import type { HubSource } from "./hubAddress.js";
import type { HubConnection } from "./hubFetch.js";

/** What a download needs to know of the model. */
export type HubModel = Pick<CatalogueEntry, "title" | "sizeBytes" | "sha256" | "licence" | "licenceNotice" | "contextSize" | "sequences" | "kvBytesPerToken"> & { source: HubSource };

/** One call of downloadModel(). */
export interface DownloadJob {
  entry: HubModel;
  options: DownloadModelOptions;
  connection: HubConnection;
  signal: AbortSignal;
  /** Milliseconds without an answer or a byte after which a connection counts as broken. */
  silenceMs: number;
  /** Of the repository. */
  folder: string;
  /** Holds the commit that the revision stood for at the first download. */
  ref: string;
}
