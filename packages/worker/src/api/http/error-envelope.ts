import { RequestError } from "../../errors.ts";

/** OpenAI's error body. */
export interface ErrorEnvelope {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly code: string | null;
    readonly param: string | null;
  };
}

/** The only builder of error bodies. An error that is not the client's fault tells nothing of itself. */
export function errorEnvelope(error: unknown): { readonly status: number; readonly body: ErrorEnvelope } {
  if (!(error instanceof RequestError)) {
    const message =
      "The worker could not finish this request; its log has the reason under this response's x-request-id.";
    return { status: 500, body: { error: { message, type: "server_error", code: "internal_error", param: null } } };
  }
  const { status, type, reason, param } = error.refusal;
  return { status, body: { error: { message: error.message, type, code: reason, param } } };
}

/** Anthropic's names for what OpenAI's types do not tell apart. */
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  404: "not_found_error",
  413: "request_too_large",
  500: "api_error",
  503: "api_error",
};

/** The same for clients of Anthropic's API, who look for a `type` beside `error`. */
export function anthropicErrorEnvelope(error: unknown) {
  const { status, body } = errorEnvelope(error);
  return {
    status,
    body: { type: "error", error: { ...body.error, type: ANTHROPIC_TYPES[status] ?? body.error.type } },
  };
}

export function unsupported(param: string, why: string): RequestError {
  return new RequestError(`Unsupported parameter: '${param}'. ${why}`, {
    status: 400,
    type: "invalid_request_error",
    reason: "unsupported_parameter",
    param,
  });
}

export function engineFailed(detail: string): RequestError {
  return new RequestError(`The engine failed while it generated: ${detail}. Send the request again.`, {
    status: 500,
    type: "server_error",
    reason: "engine_failed",
    param: null,
  });
}

/** The generation was cancelled: the client left (nobody reads this), or the worker stops. */
export function generationCancelled(): RequestError {
  return new RequestError("The generation was cancelled because this worker is stopping. Send the request again.", {
    status: 503,
    type: "server_error",
    reason: "cancelled",
    param: null,
  });
}
