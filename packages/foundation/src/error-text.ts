/** What an error says of itself. Node's error for a name with several addresses has no message but a code. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // That of a host with several addresses has no message of its own, but one for each.
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(messageOf).join("; ");
  return error.message === "" && "code" in error ? String(error.code) : error.message;
}
