/** Base of the worker's errors; `code` is what the supervisor and logs name it by. */
export class WorkerError extends Error {
  readonly code: WorkerErrorCode;

  constructor(code: WorkerErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "WorkerError";
    this.code = code;
  }
}

export type WorkerErrorCode =
  /** llama-engine: the file can't be read or is no model that llama.cpp can load. */
  | "model_unloadable"
  /** llama-engine: not enough memory for slots x context. */
  | "context_too_large"
  /** server: the port is taken. */
  | "port_in_use"
  /** llama-engine: the inference library lacks what Drover calls of it. */
  | "engine_mismatch"
  /** llama-sampler: a grammar can't be parsed. */
  | "bad_grammar"
  /** main: the one argument is not a worker's options. */
  | "bad_options"
  /** slot-pool: something that is not an Error was thrown. */
  | "unexpected"
  /** batch-loop: a decode failed. */
  | "decode_failed";
