import { z } from "zod";
import { MOST_CHOICES, MOST_TOKENS } from "../generating/list-limits.ts";
import {
  bookkeepingFields,
  generationFields,
  maxTokens,
  neutralOnly,
  samplingFields,
} from "../generating/sampling-fields.ts";
import { boundedList } from "../http/bounded-list.ts";
import { hint } from "../http/ignored-parameters.ts";
import { tokenList } from "../http/plain-values.ts";
import { formatFields } from "../openai-chat/chat-schema.ts";

const tokens = tokenList({ least: 1, most: MOST_TOKENS });

export const completionRequest = z.strictObject({
  ...bookkeepingFields,
  ...samplingFields,
  ...generationFields,
  prompt: z.union([
    z.string(),
    tokens,
    boundedList(z.string(), { least: 1, most: MOST_CHOICES }),
    boundedList(tokens, { least: 1, most: MOST_CHOICES }),
  ]),
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
