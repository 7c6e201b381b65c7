import type { AttemptFailure } from "../upstream-http/exchange-task.ts";

/** When a failure may be tried on another upstream; `forward-request` is the loop that asks. The values of nginx's `proxy_next_upstream`, without `off` (which is none of them). */
export const retryWords = [
  "error",
  "timeout",
  "invalid_header",
  "http_500",
  "http_502",
  "http_503",
  "http_504",
  "http_403",
  "http_404",
  "http_429",
  "non_idempotent",
] as const;

export type RetryWord = (typeof retryWords)[number];

/** When another upstream is tried; `forward-request.ts` asks after each attempt. */
export interface RetryRule {
  /** @default error, timeout */
  readonly words: ReadonlySet<RetryWord>;
  /** Most attempts; 0 is as many as there are servers. @default 0 */
  readonly tries: number;
  /** No further attempt after this long; 0 is no limit. @default 0 */
  readonly timeoutMs: number;
}

/** What the rule looks at. */
export interface RetryState {
  readonly method: string;
  /** Bytes of the request may have reached the upstream. */
  readonly requestSent: boolean;
  /** The body can be sent once more, from its first byte. */
  readonly replayable: boolean;
  /** Attempts left, after this one was given back. */
  readonly triesLeft: number;
  readonly elapsedMs: number;
  /** The upstream is Drover's own worker: nothing but tokens for this client came of it, so a POST may be sent again. */
  readonly owned: boolean;
}

/**
 * Whether a failed attempt goes to another upstream.
 * Source: nginx `ngx_http_upstream_next` and `ngx_http_upstream_test_next`; `owned` is Drover's.
 */
export function mayRetry(rule: RetryRule, failure: AttemptFailure, state: RetryState): boolean {
  if (rule.timeoutMs > 0 && state.elapsedMs >= rule.timeoutMs) return false;
  if (state.requestSent && !state.replayable) return false;
  if (state.triesLeft === 0) return false;
  if (!rule.words.has(wordOf(failure))) return false;
  return state.owned || !state.requestSent || isRepeatable(state.method) || rule.words.has("non_idempotent");
}

/** What the client is sent when this was the last attempt. */
export function statusOf(failure: AttemptFailure): number {
  if (failure === "timeout") return 504;
  return typeof failure === "number" ? failure : 502;
}

function wordOf(failure: AttemptFailure): RetryWord {
  return typeof failure === "number" ? `http_${failure}` : failure;
}

function isRepeatable(method: string): boolean {
  return method !== "POST" && method !== "LOCK" && method !== "PATCH";
}
