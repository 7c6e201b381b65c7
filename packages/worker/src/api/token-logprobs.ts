import type { GeneratedToken, TokenLogprob } from "../slots/generation-request.ts";
import type { Vocabulary } from "../engine/engine.ts";

const decoder = new TextDecoder();

/** Chat's `logprobs.content`. */
export function chatLogprobs(vocabulary: Vocabulary, tokens: readonly GeneratedToken[]) {
  return tokens.map((token) => ({
    ...entry(vocabulary, { token: token.token, logprob: token.logprob ?? 0 }),
    top_logprobs: (token.topLogprobs ?? []).map((other) => entry(vocabulary, other)),
  }));
}

export interface CompletionLogprobs {
  readonly tokens: string[];
  readonly token_logprobs: number[];
  readonly top_logprobs: Record<string, number>[];
  readonly text_offset: number[];
}

/** Legacy completions' `logprobs`. `offset`: characters of text before these tokens. */
export function completionLogprobs(
  vocabulary: Vocabulary,
  tokens: readonly GeneratedToken[],
  offset: number,
): CompletionLogprobs & { readonly end: number } {
  const result: CompletionLogprobs = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
  let end = offset;
  for (const token of tokens) {
    const text = tokenText(vocabulary, token.token);
    result.tokens.push(text);
    result.token_logprobs.push(finite(token.logprob ?? 0));
    result.top_logprobs.push(
      Object.fromEntries(
        (token.topLogprobs ?? []).map((other) => [tokenText(vocabulary, other.token), finite(other.logprob)]),
      ),
    );
    result.text_offset.push(end);
    end += text.length;
  }
  return { ...result, end };
}

function entry(vocabulary: Vocabulary, { token, logprob }: TokenLogprob) {
  const bytes = vocabulary.tokenBytes(token, true);
  return { token: decoder.decode(bytes), logprob: finite(logprob), bytes: Array.from(bytes) };
}

function tokenText(vocabulary: Vocabulary, token: number): string {
  return decoder.decode(vocabulary.tokenBytes(token, true));
}

/** JSON has no infinity; OpenAI gives -9999 for a token that is as good as impossible. */
function finite(logprob: number): number {
  return Number.isFinite(logprob) ? logprob : -9999;
}
