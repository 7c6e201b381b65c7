/** What the balancer itself says when it cannot forward; `type` marks it as the proxy's own. */
export interface ProxyError {
  readonly status: number;
  readonly message: string;
  readonly code: string;
  readonly param?: string;
}

/**
 * An error as text, in the envelope that clients of the asked path expect: Anthropic's below `/v1/messages`, OpenAI's everywhere else. The only
 * place that builds them. `target` is the request's path and query.
 */
export function errorEnvelope(error: ProxyError, target?: string): string {
  const { status, message, code, param } = error;
  return JSON.stringify(
    isAnthropic(target)
      ? { type: "error", error: { type: anthropicType(status), message, code } }
      : { error: { message, type: typeOf(status), code, param: param ?? null } },
  );
}

/** The last event of a stream whose upstream died. */
export function errorEvent(message: string, target?: string): string {
  return `event: error\ndata: ${errorEnvelope({ status: 502, message, code: "upstream_died" }, target)}\n\n`;
}

function isAnthropic(target: string | undefined): boolean {
  return target !== undefined && /^\/v1\/messages(?:[/?]|$)/.test(target);
}

/** By status, as Anthropic documents them for its API; 503 is what its 529 is. */
function anthropicType(status: number): string {
  const known: Readonly<Record<number, string>> = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
  };
  return known[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
}

function typeOf(status: number): string {
  if (status === 401) return "proxy_authentication_error";
  if (status === 429) return "proxy_rate_limit_error";
  return status < 500 ? "proxy_request_error" : "proxy_error";
}
