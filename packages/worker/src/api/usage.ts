import type { TokenCounts } from "../generation/output.ts";

/** OpenAI's `usage` of a request with one prompt and one or more answers. */
export function usageOf(choices: readonly TokenCounts[]) {
  const prompt = choices[0]?.prompt ?? 0;
  // The cached count of the first choice: the others may find its prompt in the cache.
  return usage(prompt, choices[0]?.cached ?? 0, choices);
}

/** The same where each answer had its own prompt. */
export function usageOfPrompts(choices: readonly TokenCounts[]) {
  return usage(sum(choices.map((choice) => choice.prompt)), sum(choices.map((choice) => choice.cached)), choices);
}

function usage(promptTokens: number, cachedTokens: number, choices: readonly TokenCounts[]) {
  const completionTokens = sum(choices.map((choice) => choice.completion));
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    completion_tokens_details: { reasoning_tokens: sum(choices.map((choice) => choice.reasoning)) },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
