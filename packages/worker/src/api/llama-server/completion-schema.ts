import { z } from "zod";
import { MOST_CHOICES, MOST_TOKENS } from "../generating/counts.ts";
import { bookkeepingFields, generationFields, maxTokens, samplingFields } from "../generating/sampling-fields.ts";
import { boundedList } from "../http/bounded-list.ts";
import { mixedList } from "../http/plain-values.ts";
import { jsonSchema } from "../openai-chat/chat-schema.ts";

/** Texts and tokens in any order make one prompt. */
const mixed = mixedList({ least: 1, most: MOST_TOKENS });
const one = z.union([
  z.string(),
  mixed,
  z.object({ prompt_string: z.string() }).transform((prompt) => prompt.prompt_string),
]);

const nativeFields = {
  ...bookkeepingFields,
  ...samplingFields,
  ...generationFields,
  n_predict: maxTokens,
  max_tokens: maxTokens,
  n_probs: z.int().min(0).max(100).nullish(),
  return_tokens: z.boolean().nullish(),
  grammar: z
    .string()
    .max(64 * 1024)
    .nullish(),
  json_schema: jsonSchema.nullish(),
  response_fields: boundedList(z.string(), { most: 100 }).nullish(),
} as const;

export const nativeCompletionRequest = z.strictObject({ ...nativeFields, prompt: one });

export const infillRequest = z.strictObject({
  ...nativeFields,
  input_prefix: z.string().nullish(),
  input_suffix: z.string().nullish(),
  input_extra: boundedList(z.object({ filename: z.string().nullish(), text: z.string() }), {
    most: MOST_CHOICES,
  }).nullish(),
  prompt: z.string().nullish(),
});

export type NativeCompletionBody = z.output<typeof nativeCompletionRequest>;
export type NativeFields = Omit<NativeCompletionBody, "prompt">;
