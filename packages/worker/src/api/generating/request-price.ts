import { invalid } from "../../errors.ts";
import type { Serving } from "../serving.ts";

/** Log-probabilities that one response may hold before it is sent: 16 MB of JSON. */
const MOST_HELD_LOGPROBS = 100_000;

export interface PricedRequest {
  readonly choices: number;
  /** Of each choice. Absent: as many as fit. */
  readonly maxTokens?: number | undefined;
  /** Alternatives of each token. Absent: no log-probabilities. */
  readonly topLogprobs?: number | undefined;
  readonly isStream: boolean;
  /** What the request calls the length of a response. */
  readonly lengthParam: string;
}

/**
 * Refuses a request that asks for more tokens or memory than one may have, before any token is computed. Chats are refused before their prompt is made.
 *
 * @throws RequestError 400 `too_expensive`
 */
export function refuseExpensive({ slots, settings }: Serving, request: PricedRequest): void {
  const { choices, topLogprobs, isStream, lengthParam } = request;
  const tokens = choices * Math.min(request.maxTokens ?? Infinity, slots.contextTokens);
  const mostTokens = settings?.requestTokens ?? Infinity;
  if (tokens > mostTokens) {
    throw tooExpensive(
      choices > 1 ? "n" : lengthParam,
      `${choices} responses of ${tokens / choices} tokens are ${tokens}, and a request may ask for ${mostTokens} (--request-tokens)`,
    );
  }
  const logprobs = isStream || topLogprobs === undefined ? 0 : tokens * (1 + topLogprobs);
  if (logprobs > MOST_HELD_LOGPROBS) {
    const most = Math.floor(MOST_HELD_LOGPROBS / (choices * (1 + (topLogprobs ?? 0))));
    throw tooExpensive(
      lengthParam,
      `${logprobs} log-probabilities do not fit one response; set '${lengthParam}' to at most ${most}, or stream`,
    );
  }
}

/** @throws RequestError 400 `too_expensive` */
export function refuseManyInputTokens({ settings }: Serving, tokens: number): void {
  const mostTokens = settings?.requestTokens ?? Infinity;
  if (tokens <= mostTokens) return;
  throw tooExpensive(
    "input",
    `the inputs have ${tokens} tokens, and a request may have ${mostTokens} (--request-tokens)`,
  );
}

function tooExpensive(param: string, why: string) {
  return invalid(param, why, "too_expensive");
}
