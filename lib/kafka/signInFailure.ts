/** What kafkajs calls it when the broker refuses the mechanism, the user's name or the password. */
const NAMES = ["KafkaJSSASLAuthenticationError"];
const TYPES = ["SASL_AUTHENTICATION_FAILED", "UNSUPPORTED_SASL_MECHANISM", "ILLEGAL_SASL_STATE"];

/** The refusal to let a client in that an error is, or that caused it. Trying again does not help. */
export function signInFailure(error: unknown): (Error & { type?: string }) | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, type } = error as Error & { type?: string };
  // The cause first: kafkajs wraps it in errors that say less.
  const inner = signInFailure(error.cause);
  if (inner !== undefined) return inner;
  return NAMES.includes(name) || TYPES.includes(type ?? "") ? error : undefined;
}
