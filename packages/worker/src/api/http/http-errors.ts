import { unknownUrl } from "@drover/contract/api-errors";
import { refused, RequestError } from "../../errors.ts";

/** Errors that the HTTP library raises, as refusals with the envelope; others stay what they are. */
export function httpErrorOf(error: unknown): unknown {
  if (error instanceof RequestError || !(error instanceof Error) || !("code" in error)) return error;
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return refused(413, "body_too_large", "The body is larger than 10 MiB. Send less, or several requests.");
    case "FST_ERR_BAD_URL":
      return refused(400, "bad_url", "The URL is not valid.");
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return refused(400, "bad_content_length", "The body's length is not what Content-Length says.");
    case "FST_ERR_MAX_PARAM_LENGTH":
      return refused(414, "url_too_long", "The URL is too long.");
    case "HPE_HEADER_OVERFLOW":
      return refused(431, "headers_too_large", "The headers are too large.");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return refused(408, "request_timeout", "The request did not arrive in time.");
    case undefined:
      return error;
    default:
      return isClientFault(error) ? refused(400, "bad_request", `The request is not valid: ${error.message}`) : error;
  }
}

export function unauthorized(): RequestError {
  return refused(401, "invalid_api_key", "This worker takes requests from its own supervisor only.");
}

export function unknownRoute(method: string, path: string): RequestError {
  const { status, code, message } = unknownUrl(method, path);
  return refused(status, code, message);
}

export function methodNotAllowed(method: string, path: string, allowed: readonly string[]): RequestError {
  return refused(405, "method_not_supported", `${method} is not allowed for ${path}; use ${allowed.join(" or ")}.`);
}

/** Fastify's own errors carry their status; Node's parser names its with HPE_. */
function isClientFault(error: Error): boolean {
  if ("statusCode" in error && typeof error.statusCode === "number")
    return error.statusCode >= 400 && error.statusCode < 500;
  return "code" in error && typeof error.code === "string" && error.code.startsWith("HPE_");
}
