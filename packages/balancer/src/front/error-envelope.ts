/** What the balancer itself says when it cannot forward; `type` marks it as the proxy's own. */
export interface ProxyError {
  readonly status: number;
  readonly message: string;
  readonly code: string;
  readonly param?: string;
}

/** OpenAI's error envelope, as text. The only place that builds it. */
export function errorEnvelope(error: ProxyError): string {
  return JSON.stringify({
    error: { message: error.message, type: typeOf(error.status), code: error.code, param: error.param ?? null },
  });
}

/** The last event of a stream whose upstream died. */
export function errorEvent(message: string): string {
  return `event: error\ndata: ${errorEnvelope({ status: 502, message, code: "upstream_died" })}\n\n`;
}

function typeOf(status: number): string {
  if (status === 401) return "proxy_authentication_error";
  if (status === 429) return "proxy_rate_limit_error";
  return status < 500 ? "proxy_request_error" : "proxy_error";
}
