import { badField } from "../../errors.ts";
import type { OutputRequest } from "../../generation/generate.ts";
import { type PromptLimit, refuseLongPrompt } from "../../generation/prompt/prompt-limit.ts";
import type { Serving } from "../serving.ts";
import type { GenerationBody } from "./sampling-fields.ts";

/** The prompts or inputs of a request: one text, one list of tokens, or several of either. */
export function separateInputs(
  input: string | readonly (string | number | readonly number[])[],
): readonly (string | readonly number[])[] {
  if (typeof input === "string") return [input];
  const several = input.filter((item) => typeof item !== "number");
  return several.length > 0 ? several : [input.filter((item) => typeof item === "number")];
}

/** What a prompt must fit in that goes on without a template. */
export function plainLimit({ slots }: Pick<Serving, "slots">, param = "prompt"): PromptLimit {
  return { contextTokens: slots.contextTokens, outputTokens: 1, param };
}

/** @throws RequestError for a token that the model does not have */
export function refuseForeignTokens({ model }: Pick<Serving, "model">, tokens: readonly number[], param: string): void {
  const outside = tokens.find((token) => token >= model.vocabularySize);
  if (outside === undefined) return;
  throw badField(
    param,
    `Invalid '${param}': token ${outside} is outside of the vocabulary (${model.vocabularySize} tokens).`,
  );
}

/** The text of tokens, that of control tokens too. */
export function textOfTokens({ vocabulary }: Pick<Serving, "vocabulary">, tokens: readonly number[]): string {
  return Buffer.concat(tokens.map((token) => vocabulary.tokenBytes(token, true))).toString("utf8");
}

/**
 * What to generate behind a prompt without a template: all of it is text. -1 for `maxTokens`: as many as there is room for.
 *
 * @throws RequestError where the prompt leaves no room
 */
export function plainOutput(
  serving: Serving,
  body: GenerationBody,
  prompt: readonly number[],
  { maxTokens, sampling }: Pick<OutputRequest, "maxTokens" | "sampling">,
): OutputRequest {
  refuseLongPrompt(prompt, plainLimit(serving));
  return {
    prompt,
    maxTokens: maxTokens === -1 ? serving.slots.contextTokens : maxTokens,
    sampling,
    stops: body.stop,
    reasoning: "off",
    thinkingEnd: { text: "", tokens: [] },
    cachePrompt: body.cache_prompt ?? true,
    ignoreEndOfText: body.ignore_eos ?? false,
    ...(body.stop_token_ids ? { stopTokens: body.stop_token_ids } : {}),
  };
}
