import { z } from "zod";
import {
  bookkeepingFields,
  generationFields,
  maxTokens,
  neutralOnly,
  notSupported,
  samplingFields,
} from "../generating/sampling-fields.ts";

const tokens = z.array(z.int().min(0)).min(1, "must not be empty");

export const completionRequest = z.strictObject({
  ...bookkeepingFields,
  ...samplingFields,
  ...generationFields,
  prompt: z.union([z.string(), tokens, z.array(z.string()).min(1, "must not be empty"), z.array(tokens).min(1)]),
  suffix: z.string().nullish(),
  echo: z.boolean().nullish(),
  max_tokens: maxTokens,
  logprobs: z.int().min(0).max(5).nullish(),
  best_of: z.int().min(1).max(128).nullish(),
  response_format: notSupported("response_format"),
  json_schema: notSupported("json_schema"),
  cache_salt: neutralOnly("cache_salt", ""),
});

export type CompletionRequest = z.output<typeof completionRequest>;
