import { RequestError } from "../../errors.ts";

/** What a prompt must fit in, and what it is called in the request. */
export interface PromptLimit {
  readonly contextTokens: number;
  /** Tokens that must be left for a response. */
  readonly outputTokens: 0 | 1;
  readonly param: string;
  /** Its tokens are counted, and no slot has to hold them. @default false */
  readonly isCount?: boolean;
}

/** Of texts that need no slot and whose tokens are bounded otherwise. */
export function noLimit(param: string): PromptLimit {
  return { contextTokens: Number.POSITIVE_INFINITY, outputTokens: 0, param };
}

/** @throws RequestError where the prompt leaves no room for a response's first token. */
export function refuseLongPrompt(prompt: readonly number[], limit: PromptLimit): void {
  if (prompt.length + limit.outputTokens > limit.contextTokens) {
    throw contextLengthExceeded(limit, String(prompt.length));
  }
}

/** The same for a list of tokens that was not even checked yet. @throws RequestError */
export function refuseManyTokens(prompt: unknown, limit: PromptLimit): void {
  if (Array.isArray(prompt) && typeof prompt[0] === "number" && prompt.length >= limit.contextTokens) {
    throw contextLengthExceeded(limit, String(prompt.length));
  }
}

export function contextLengthExceeded(limit: PromptLimit, promptTokens: string): RequestError {
  const { contextTokens, outputTokens, param, isCount = false } = limit;
  const most = isCount ? "A prompt is counted up to" : "This model's maximum context length is";
  const message =
    `${most} ${contextTokens} tokens${outputTokens === 0 ? "" : ", of which the response needs at least one"}. ` +
    `However, your prompt has ${promptTokens} tokens. Please shorten it.`;
  return new RequestError(message, {
    status: 400,
    reason: "context_length_exceeded",
    param,
    tokens: { prompt: Number(/\d+/u.exec(promptTokens)?.[0]), most: contextTokens - outputTokens },
  });
}
