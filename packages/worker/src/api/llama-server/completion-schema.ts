import { z } from "zod";
import { MOST_CHOICES, MOST_TOKENS } from "../generating/list-limits.ts";
import { bookkeepingFields, generationFields, maxTokens, samplingFields } from "../generating/sampling-fields.ts";
import { hint } from "../http/ignored-parameters.ts";
import { boundedList } from "../http/bounded-list.ts";
import { mixedList } from "../http/plain-values.ts";
import { grammarText, jsonSchema } from "../openai-chat/chat-schema.ts";

const one = z.union([
  z.string(),
  mixedList({ least: 1, most: MOST_TOKENS }),
  z.object({ prompt_string: z.string() }).transform((prompt) => prompt.prompt_string),
]);
const several = boundedList(one, { least: 1, most: MOST_CHOICES }).transform((prompts) => ({ prompts }));
const choices = z.int().min(1).max(MOST_CHOICES).nullish();

const nativeFields = {
  ...bookkeepingFields,
  ...samplingFields,
  ...generationFields,
  n_predict: maxTokens,
  max_tokens: maxTokens,
  n_cmpl: choices,
  reasoning_format: hint("none"),
  n_probs: z.int().min(0).max(100).nullish(),
  return_tokens: z.boolean().nullish(),
  grammar: grammarText.nullish(),
  json_schema: jsonSchema.nullish(),
  response_fields: boundedList(z.string(), { most: 100 }).nullish(),
} as const;

export const nativeCompletionRequest = z.strictObject({ ...nativeFields, prompt: z.union([one, several]) });

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
export type InfillBody = z.output<typeof infillRequest>;
export type NativePrompt = z.output<typeof one>;
export type NativeFields = Omit<NativeCompletionBody, "prompt">;

/** Tokens, alone or with texts between them, make one prompt; texts alone are a prompt each, as for llama.cpp's server. */
export function separatePrompts(prompt: NativeCompletionBody["prompt"]): readonly NativePrompt[] {
  if (typeof prompt === "string") return [prompt];
  if ("prompts" in prompt) return prompt.prompts;
  return prompt.every((part) => typeof part === "string") ? prompt : [prompt];
}
