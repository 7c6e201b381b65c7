import type { ReportedTokens } from "@drover/contract/request-report";
import { sum } from "@drover/foundation/sums";

/** OpenAI's `usage` of a request with one prompt and one or more responses. */
export function usageOf(choices: readonly ReportedTokens[]) {
  return usageOfPrompts(choices, choices.length);
}

/** The same for several prompts, each with `perPrompt` responses. A prompt counts once, as its first response found it. */
export function usageOfPrompts(choices: readonly ReportedTokens[], perPrompt: number) {
  const firsts = choices.filter((_, index) => index % perPrompt === 0);
  const promptTokens = sum(firsts.map((choice) => choice.prompt));
  const completionTokens = sum(choices.map((choice) => choice.completion));
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: sum(firsts.map((choice) => choice.cached)) },
    completion_tokens_details: { reasoning_tokens: sum(choices.map((choice) => choice.reasoning)) },
  };
}
