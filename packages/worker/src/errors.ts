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
  /** apart-process: the process that did something for a request died of it, or took too long. */
  | "tokenizer_died"
  /** apart-grammars, apart-choice: a token under a request's grammar takes too long, or all of them do. */
  | "grammar_too_slow"
  /** apart-sampling: as many slots as may be wait for the tokens of slow grammars. */
  | "too_many_slow_grammars"
  /** llama-sampler: a grammar can't be parsed. */
  | "bad_grammar"
  /** main: the one argument is not a worker's options. */
  | "bad_options"
  /** main: its supervisor is of another version. */
  | "protocol_mismatch"
  /** slot-pool: something that is not an Error was thrown. */
  | "unexpected"
  /** batch-loop: a decode failed. */
  | "decode_failed"
  /** api: the client's request can't be served; see {@link RequestError}. */
  | "request_refused";

export function grammarTooSlow(cause?: unknown): WorkerError {
  return new WorkerError("grammar_too_slow", "llama.cpp takes too long to hold a response to its grammar", { cause });
}

export class TooManySlowGrammars extends WorkerError {
  /** By then one of those that wait will have ended, unless its tokens come faster by then. */
  readonly retryAfterMs: number;

  constructor(most: number, retryAfterMs: number) {
    super("too_many_slow_grammars", `${most} responses wait for slow grammars already`);
    this.retryAfterMs = retryAfterMs;
  }
}

export interface Refusal {
  readonly status: number;
  /** The case, such as `context_length_exceeded`. */
  readonly reason: string | null;
  /** The field at fault, such as `messages[0].role`. */
  readonly param: string | null;
  /** Of Anthropic's errors, for its clients to act on. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** When to try again. */
  readonly retryAfterSeconds?: number;
  /** Of a prompt that does not fit. */
  readonly tokens?: { readonly prompt: number; readonly most: number };
}

/** A request that is refused, and how to say so. Thrown by api/ and generation/, turned into a response by error-envelope.ts. */
export class RequestError extends WorkerError {
  readonly refusal: Refusal;

  constructor(message: string, refusal: Refusal) {
    super("request_refused", message);
    this.name = "RequestError";
    this.refusal = refusal;
  }
}

/** What `work` resolves with; `otherwise` where it refuses the request. */
export async function unlessRefused<Result>(work: () => Promise<Result>, otherwise: Result): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RequestError) return otherwise;
    throw error;
  }
}

/** A 400 that names the field. */
export function badField(param: string | null, message: string, reason = "invalid_value"): RequestError {
  return refused(400, reason, message, param);
}

/** The same, by what is wrong with its value. */
export function invalid(param: string, why: string, reason?: string): RequestError {
  return badField(param, `Invalid '${param}': ${why}.`, reason);
}

/** A refusal by its status. */
export function refused(status: number, reason: string, message: string, param: string | null = null): RequestError {
  return new RequestError(message, { status, reason, param });
}
