import type { ApiFamily } from "./routes.ts";

/** What went wrong with a request, as a client is told. */
export interface ApiError {
  readonly status: number;
  /** What, why, and what to do. */
  readonly message: string;
  /** The case, such as `context_length_exceeded`. */
  readonly code: string | null;
  /** The field at fault, such as `messages[0].role`. */
  readonly param?: string | null;
  /** For Anthropic's clients to act on. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Who says it: an error of the balancer's own is marked by its type. @default "worker" */
  readonly from?: "worker" | "proxy";
}

/** The body of an error response, in the envelope that clients of this API expect. Nothing else builds one. */
export function errorBody(error: ApiError, api: ApiFamily): object {
  const { code, details } = error;
  const message = cut(error.message, MOST_MESSAGE_CHARS);
  const param = typeof error.param === "string" ? cut(error.param, MOST_PARAM_CHARS) : null;
  if (api === "ollama") return { error: message };
  const type = errorType(error, api);
  return api === "anthropic"
    ? { type: "error", error: { message, type, code, param, ...(details !== undefined && { details }) } }
    : { error: { message, type, code, param } };
}

/** Both may repeat what the client has sent, and that may be megabytes. */
const MOST_MESSAGE_CHARS = 4096;
const MOST_PARAM_CHARS = 256;

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}...` : text;
}

/** Nobody here has this path. */
export function unknownUrl(method: string, path: string) {
  const message = `Unknown request URL: ${method} ${path}. GET /openapi.json lists all.`;
  return { status: 404, code: "unknown_url", message, from: "worker" } as const;
}

/** The last event of a stream that cannot be completed. */
export function errorEvent(error: ApiError, api: ApiFamily): string {
  if (api === "ollama") return `${JSON.stringify(errorBody(error, api))}\n`;
  return `event: error\ndata: ${JSON.stringify(errorBody(error, api))}\n\n`;
}

function errorType({ status, from = "worker" }: ApiError, api: ApiFamily): string {
  if (api === "anthropic") return ANTHROPIC_TYPES[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
  const kind = status === 401 ? "authentication" : status === 429 ? "rateLimit" : status < 500 ? "request" : "server";
  return OPENAI_TYPES[from][kind];
}

const OPENAI_TYPES = {
  worker: {
    authentication: "authentication_error",
    rateLimit: "rate_limit_error",
    request: "invalid_request_error",
    server: "server_error",
  },
  proxy: {
    authentication: "proxy_authentication_error",
    rateLimit: "proxy_rate_limit_error",
    request: "proxy_request_error",
    server: "proxy_error",
  },
} as const;

/** As Anthropic documents them for its API; our 503 is what its 529 is. */
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  503: "overloaded_error",
  504: "timeout_error",
  529: "overloaded_error",
};
