import { type ApiError, errorBody } from "@drover/contract/api-errors";
import { type Asker, apiOf } from "@drover/contract/routes";
import { badField, refused, RequestError } from "../../errors.ts";

/** An error as the client of this request expects it. One that is not the client's fault tells nothing of itself. */
export function errorResponse(error: unknown, asker: Asker): { readonly status: number; readonly body: object } {
  const api = apiOf(asker);
  const told = apiErrorOf(error);
  const tokens = error instanceof RequestError && api === "anthropic" ? error.refusal.tokens : undefined;
  // Anthropic's clients look for this message to make the conversation shorter.
  const message = tokens && `prompt is too long: ${tokens.prompt} tokens > ${tokens.most} maximum`;
  return { status: told.status, body: errorBody({ ...told, ...(message !== undefined && { message }) }, api) };
}

/** What a client is told of an error. */
export function apiErrorOf(error: unknown): ApiError {
  if (error instanceof RequestError) {
    const { status, reason, param, details } = error.refusal;
    return { status, message: error.message, code: reason, param, ...(details !== undefined && { details }) };
  }
  const message =
    "The worker could not finish this request; its log has the reason under this response's x-request-id.";
  return { status: 500, message, code: "internal_error" };
}

export function unsupported(param: string, why: string): RequestError {
  return badField(param, `Unsupported parameter: '${param}'. ${why}`, "unsupported_parameter");
}

export function engineFailed(detail: string): RequestError {
  return refused(500, "engine_failed", `The engine failed while it generated: ${detail}. Send the request again.`);
}

/** The generation was cancelled: the client left (nobody reads this), or the worker stops. */
export function generationCancelled(): RequestError {
  const message = "The generation was cancelled because this worker is stopping. Send the request again.";
  return refused(503, "cancelled", message);
}
