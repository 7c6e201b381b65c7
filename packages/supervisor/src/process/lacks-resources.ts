/** The system refused for the moment: no descriptor, no process or no memory was free. */
const CODES = new Set(["EMFILE", "ENFILE", "EAGAIN", "ENOMEM"]);

/** Whether an error, or what caused it, says that the machine is short of something, which is no fault of what was to be started. */
export function lacksResources(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  return (typeof code === "string" && CODES.has(code)) || lacksResources(cause);
}
