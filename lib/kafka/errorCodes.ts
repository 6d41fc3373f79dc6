/** Kafka's names of the errors (`INVALID_PRODUCER_EPOCH`) in an error, in its causes and in what it bundles. */
export function errorCodes(error: unknown): string[] {
  if (typeof error !== "object" || error === null) return [];
  const { type, cause, originalError, errors } = error as { type?: unknown; cause?: unknown; originalError?: unknown; errors?: unknown };
  return [
    ...(typeof type === "string" ? [type] : []),
    ...errorCodes(cause),
    ...errorCodes(originalError),
    ...(Array.isArray(errors) ? errors.flatMap(errorCodes) : []),
  ];
}

/** Whether Kafka does not let this user do what was tried. Trying again does not help. */
export function isUnauthorized(error: unknown): boolean {
  return errorCodes(error).some((code) => code.endsWith("_AUTHORIZATION_FAILED"));
}
