import { z } from "zod";
import { MOST_CHOICES, textsOrTokens } from "../generating/list-limits.ts";
import {
  bookkeepingFields,
  generationFields,
  maxTokens,
  neutralOnly,
  samplingFields,
} from "../generating/sampling-fields.ts";
import { hint } from "../http/ignored-parameters.ts";
import { formatFields } from "../openai-chat/chat-schema.ts";

export const completionRequest = z.strictObject({
  ...bookkeepingFields,
  ...samplingFields,
  ...generationFields,
  prompt: textsOrTokens(z.string(), MOST_CHOICES),
  suffix: z.string().nullish(),
  echo: z.boolean().nullish(),
  max_tokens: maxTokens,
  n_predict: maxTokens,
  logprobs: z.int().min(0).max(5).nullish(),
  best_of: hint(1),
  ...formatFields,
  cache_salt: neutralOnly("cache_salt", ""),
});

export type CompletionRequest = z.output<typeof completionRequest>;
