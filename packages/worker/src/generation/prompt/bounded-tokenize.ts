import type { Vocabulary } from "../../engine/engine.ts";
import { RequestError } from "../../errors.ts";

const BLOCK_CHARS = 64 * 1024;
/** Tokens that a cut between two blocks may add to their count: those of one word, at the most. */
const CUT_TOKENS = 64;

/** What a prompt must fit in, and what it is called in the request. */
export interface PromptLimit {
  readonly contextTokens: number;
  /** Places that must be left for an answer. */
  readonly answerTokens: 0 | 1;
  readonly param: string;
}

/**
 * Refuses a text that is certainly too long after looking at its beginning only: ten megabytes would take seconds to
 * tokenise, in which nobody else is served.
 *
 * @throws RequestError `context_length_exceeded`
 */
export function refuseHugeText(vocabulary: Vocabulary, text: string, limit: PromptLimit): void {
  if (text.length <= BLOCK_CHARS) return;
  let tokens = 0;
  for (let at = 0; at < text.length; at += BLOCK_CHARS) {
    tokens += vocabulary.tokenize(text.slice(at, at + BLOCK_CHARS), false).length - CUT_TOKENS;
    if (tokens > limit.contextTokens) throw contextLengthExceeded(limit, `at least ${tokens}`);
  }
}

/** @throws RequestError where the prompt leaves no place for an answer's first token. */
export function refuseLongPrompt(prompt: readonly number[], limit: PromptLimit): void {
  if (prompt.length + limit.answerTokens > limit.contextTokens) {
    throw contextLengthExceeded(limit, String(prompt.length));
  }
}

/** @throws RequestError for a chat of so many messages that it can't fit, as each takes a token at least. */
export function refuseManyMessages(messages: number, limit: PromptLimit): void {
  if (messages >= limit.contextTokens) throw contextLengthExceeded(limit, `at least ${messages}`);
}

/** The same for a list of tokens that was not even checked yet. */
export function refuseManyTokens(prompt: unknown, limit: PromptLimit): void {
  if (Array.isArray(prompt) && typeof prompt[0] === "number" && prompt.length >= limit.contextTokens) {
    throw contextLengthExceeded(limit, String(prompt.length));
  }
}

function contextLengthExceeded(limit: PromptLimit, promptTokens: string): RequestError {
  const { contextTokens, answerTokens, param } = limit;
  const message =
    `This model's maximum context length is ${contextTokens} tokens` +
    `${answerTokens === 0 ? "" : ", of which the answer needs at least one"}. ` +
    `However, your prompt has ${promptTokens} tokens. Please shorten it.`;
  return new RequestError(message, {
    status: 400,
    type: "invalid_request_error",
    reason: "context_length_exceeded",
    param,
  });
}
