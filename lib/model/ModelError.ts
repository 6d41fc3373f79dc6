/** A model could not be found or downloaded, or is not what it should be. The message says what to do. */
export class ModelError extends Error {
  override name = "ModelError";
}
