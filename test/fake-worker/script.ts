/**
 * What a fake worker does. Every field is optional on the way in; the values below are the defaults.
 * Given as JSON in `--script JSON` or in the environment variable FAKE_WORKER, changed at run time by
 * `POST /fake/script`, and for one request only by the request header `x-fake-script`.
 */
export interface FakeScript {
  /** From the start of the process to `ready` and an open port. */
  readonly startDelayMs: number;
  /** `failed`: says so over IPC and exits 1. `exit`: exits 1 with no word. `never`: neither ready nor gone. */
  readonly start: "ready" | "failed" | "exit" | "never";
  /** Do not end on SIGTERM, SIGINT or the parent's `shutdown`. */
  readonly ignoreTerm: boolean;
  /** SIGKILL itself when this many requests have come (the last of them gets no response). 0: never. */
  readonly crashAfterRequests: number;
  /** SIGKILL itself after this many tokens of all responses together. 0: never. */
  readonly crashAfterTokens: number;
  /** Block the event loop for good when this many requests have come. 0: never. */
  readonly blockAfterRequests: number;
  /** No heartbeats. */
  readonly mute: boolean;
  /** Heartbeats go on, but their step counter stands still. */
  readonly stuckSteps: boolean;
  /**
   * `ok`: a right response. `never`: takes the request and says nothing. `headers-only`: status and headers, then nothing.
   * `status`: the error `status`. `empty`: a stream with [DONE] and no token. `no-done`: a stream without finish reason
   * and [DONE]. `broken`: half of the tokens, then the connection is cut. `error-event`: half, then an SSE error event.
   * `reset`: the connection is cut before any response. `garbage`: bytes that are no HTTP.
   */
  readonly response:
    | "ok"
    | "never"
    | "headers-only"
    | "status"
    | "empty"
    | "no-done"
    | "broken"
    | "error-event"
    | "reset"
    | "garbage";
  readonly status: number;
  /** From the request (or from its place, with `queue`) to its first token. */
  readonly ttftMs: number;
  /** From token to token; kept to a fixed grid, so that errors do not add up. */
  readonly itlMs: number;
  /** Tokens of a response; the request's max_tokens makes it fewer. */
  readonly tokens: number;
  /** Places, as /health and `ready` say. */
  readonly slots: number;
  /** Serve only `slots` requests at a time; the others wait in order. */
  readonly queue: boolean;
  /** Responses wait until the script is changed to one without it. */
  readonly hold: boolean;
  /** From `GET /v1/models` to its response. */
  readonly modelsMs: number;
  /** Bytes a token's text is filled up to. 0: as it is (`t0 `, `t1 `, …). */
  readonly tokenBytes: number;
}

export const DEFAULT_SCRIPT: FakeScript = {
  startDelayMs: 0,
  start: "ready",
  ignoreTerm: false,
  crashAfterRequests: 0,
  crashAfterTokens: 0,
  blockAfterRequests: 0,
  mute: false,
  stuckSteps: false,
  response: "ok",
  status: 500,
  ttftMs: 0,
  itlMs: 0,
  tokens: 8,
  slots: 4,
  queue: false,
  hold: false,
  modelsMs: 0,
  tokenBytes: 0,
};

/** `script` with the fields of `json` instead of its own. Throws on a field that does not exist: a typing error in a test. */
export function changeScript(script: FakeScript, json: string): FakeScript {
  const change: unknown = JSON.parse(json);
  if (typeof change !== "object" || change === null) throw new Error(`a fake worker's script is an object: ${json}`);
  for (const [name, value] of Object.entries(change)) {
    const known: unknown = Object.entries(DEFAULT_SCRIPT).find(([key]) => key === name)?.[1];
    if (typeof value !== typeof known) throw new Error(`a fake worker's script has no ${typeof value} "${name}"`);
  }
  return { ...script, ...change };
}

/** The text of one token, the same in every fake worker, so that a test can tell a lost or doubled token. */
export function tokenText(index: number, script: FakeScript): string {
  return `t${index} `.padEnd(script.tokenBytes, "x");
}

/** The text of a complete response of `tokens` tokens. */
export function responseText(tokens: number, script: FakeScript = DEFAULT_SCRIPT): string {
  return Array.from({ length: tokens }, (_, index) => tokenText(index, script)).join("");
}
