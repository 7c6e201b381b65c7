import { turnToParse } from "@drover/contract/json/json-cost";
import type { FastifyReply } from "fastify";
import { invalid } from "../../errors.ts";
import type { GrammarSpec } from "../../generation-contract.ts";
import type { OutputRequest } from "../../generation/generate.ts";
import type { ContentFormat } from "../../generation/output-grammar.ts";
import { wellFormed } from "../../generation/prompt/control-texts.ts";
import { infillPrompt } from "../../generation/prompt/infill.ts";
import { contextLengthExceeded, type PromptLimit, refuseLongPrompt } from "../../generation/prompt/prompt-limit.ts";
import { withBos } from "../../generation/prompt/prompt-tokenizer.ts";
import { unsupported } from "../http/error-envelope.ts";
import { ignore } from "../http/take-body.ts";
import type { Serving } from "../serving.ts";
import { choicesOf } from "./choices.ts";
import { MOST_CHOICES } from "./list-limits.ts";
import { refuseExpensive } from "./request-price.ts";
import {
  type GenerationBody,
  refuseForeignTokens,
  type SamplingBody,
  samplingOf,
  seedOf,
  tokenBiases,
} from "./sampling-fields.ts";

/** The prompts or inputs of a request: one text, one list of tokens, or several of either. */
export function separateInputs(
  input: string | readonly (string | number | readonly number[])[],
): readonly (string | readonly number[])[] {
  if (typeof input === "string") return [input];
  const several = input.filter((item) => typeof item !== "number");
  return several.length > 0 ? several : [input.filter((item) => typeof item === "number")];
}

/** What a prompt must fit in that continues without a template. */
export function plainLimit({ slots }: Pick<Serving, "slots">, param = "prompt"): PromptLimit {
  return { contextTokens: slots.contextTokens, outputTokens: 1, param };
}

/** Tokens that are converted without a pause, and the cost of each in bytes of parsed JSON. */
const TOKENS_AT_A_STRETCH = 4096;
const BYTES_PER_TOKEN = 64;

/** The text of tokens, that of control tokens too; of many in slices, with other requests and heartbeats in between. */
export async function textOfTokens(
  { vocabulary }: Pick<Serving, "vocabulary">,
  tokens: readonly number[],
): Promise<string> {
  const parts: Uint8Array[] = [];
  for (let from = 0; from < tokens.length; from += TOKENS_AT_A_STRETCH) {
    const some = tokens.slice(from, from + TOKENS_AT_A_STRETCH);
    const turn = turnForTokens(some.length);
    if (turn !== undefined) await turn;
    parts.push(Buffer.concat(some.map((token) => vocabulary.tokenBytes(token, "control"))));
  }
  return Buffer.concat(parts).toString("utf8");
}

/** To be awaited before this number of tokens is converted or checked. */
function turnForTokens(count: number): Promise<void> | undefined {
  return turnToParse(count * BYTES_PER_TOKEN);
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
    stopTokens: body.stop_token_ids ?? undefined,
  };
}

/**
 * The tokens of texts, control tokens in them included, and of tokens, in their order, as llama.cpp's server begins a text. With a suffix they ask for what
 * is missing before it.
 *
 * @throws RequestError where the prompt does not fit, the model has no token to begin with, or none for filling in
 */
export async function promptTokens(
  serving: Serving,
  prompt: string | readonly (string | number)[],
  suffix?: string | null,
): Promise<readonly number[]> {
  const { model, tokenizer, vocabulary } = serving;
  const limit = plainLimit(serving);
  const turn = typeof prompt === "string" ? undefined : turnForTokens(prompt.length);
  if (turn !== undefined) await turn;
  let tokens: number[] = [];
  for (const part of typeof prompt === "string" ? [prompt] : prompt) {
    if (typeof part === "string" && tokens.length >= limit.contextTokens)
      throw contextLengthExceeded(limit, `at least ${tokens.length}`);
    const more = typeof part === "number" ? [part] : await tokenizer.tokenize([wellFormed(part)], "control", limit);
    for (const token of more) tokens.push(token);
  }
  refuseForeignTokens(model, tokens, "prompt");
  if (suffix) {
    const after = await tokenizer.tokenize([wellFormed(suffix)], "plain", plainLimit(serving, "suffix"));
    const filled = infillPrompt(vocabulary, tokens, after);
    if (filled === undefined) throw unsupported("suffix", cannotFillIn(serving));
    tokens = filled;
  }
  const startsWithText = typeof prompt === "string" || typeof prompt[0] === "string";
  const begun = startsWithText ? withBos(model, tokens) : tokens;
  if (begun.length > 0) return begun;
  const first = model.bosToken ?? model.eosToken;
  if (first !== undefined) return [first];
  throw invalid("prompt", "it is empty, and this model has no token to begin with");
}

export function cannotFillIn({ model }: Pick<Serving, "model">): string {
  return `The model '${model.id}' can't fill in (it has no infill tokens).`;
}

/** What the two APIs of texts ask for, each in its own words. */
interface PlainAsk {
  /** Responses to each prompt. */
  readonly each: number;
  readonly maxTokens: number;
  readonly topLogprobs: number | undefined;
  readonly contentFormat: ContentFormat | undefined;
  readonly lengthParam: string;
}

/**
 * As many responses to each prompt as the client asked for, each prompt with a seed of its own where the client sent none.
 *
 * @throws RequestError for more responses or log-probabilities than a request may have, and as {@link plainOutput}
 */
export async function plainRequests(
  serving: Serving,
  reply: FastifyReply,
  body: GenerationBody & SamplingBody & { readonly grammar?: string | null | undefined },
  prompts: readonly (readonly number[])[],
  { each, maxTokens, topLogprobs, contentFormat, lengthParam }: PlainAsk,
): Promise<readonly OutputRequest[]> {
  const grammar = await plainGrammar(serving, reply, body.grammar, contentFormat);
  const sampling = samplingOf(body, 0, await tokenBiases(serving, body.logit_bias));
  const requests = prompts.flatMap((prompt) => {
    const seed = seedOf(body.seed, serving.randomSeed());
    const request = plainOutput(serving, body, prompt, { maxTokens, sampling: { ...sampling, seed } });
    return choicesOf({ ...request, grammar, topLogprobs }, each);
  });
  const price = { maxTokens: requests[0]?.maxTokens ?? 0, topLogprobs, lengthParam };
  refuseExpensive(serving, { ...price, choices: requests.length, isStream: body.stream === true });
  return requests;
}

/** @throws RequestError for more than one request may have */
export function refuseManyChoices(prompts: number, each: number): void {
  if (prompts * each > MOST_CHOICES)
    throw invalid("prompt", `${prompts * each} responses were asked for, at most ${MOST_CHOICES} are given`);
}

/** What a text must keep to; parts of a schema that a grammar can't say are named in the response's header. */
export async function plainGrammar(
  serving: Serving,
  reply: FastifyReply,
  grammar: string | null | undefined,
  contentFormat: ContentFormat | undefined,
): Promise<GrammarSpec | undefined> {
  if (typeof grammar === "string" && grammar !== "") return await serving.vetGrammar(grammar);
  if (contentFormat === undefined) return undefined;
  const free = { tools: [], toolChoice: "none", parallelToolCalls: false } as const;
  const compiled = await serving.compileGrammar("hermes", { ...free, contentFormat });
  ignore(serving, reply, compiled.relaxed);
  return compiled.grammar;
}
