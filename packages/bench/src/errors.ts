export type BenchErrorCode =
  /** A value that makes no sense; nothing was sent. */
  | "bad_option"
  /** Nobody responds at the target's address. */
  | "target_unreachable"
  /** The target refuses this load: no or wrong key, unknown model or route, prompts over its context. */
  | "target_refuses"
  /** A server that the measurement needs did not come up. */
  | "server_failed"
  /** The disk is full, or the path can't be written. */
  | "report_unwritable";

/** Base of this package's errors; the message is for the user as it is. */
export class BenchError extends Error {
  readonly code: BenchErrorCode;

  constructor(code: BenchErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "BenchError";
    this.code = code;
  }
}
