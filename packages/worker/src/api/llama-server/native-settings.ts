import type { OutputRequest } from "../../generation/generate.ts";
import { PENALTY_TOKENS, type Sampling } from "../../generation-contract.ts";
import { DRY, NEUTRAL, SAMPLERS, XTC } from "../generating/sampling-fields.ts";
import type { Serving } from "../serving.ts";
import type { NativeFields } from "./completion-schema.ts";

/** What a request was made with, by llama.cpp's names. */
export function nativeSettings(serving: Serving, body: NativeFields, request: OutputRequest) {
  return {
    ...requestParams(request),
    stop: body.stop,
    ignore_eos: request.ignoreEndOfText,
    stream: body.stream ?? false,
    logit_bias: Array.from(request.sampling.logitBias, ([token, bias]) => ({ token, bias })),
    n_probs: body.n_probs ?? 0,
    timings_per_token: body.timings_per_token ?? false,
    grammar: request.grammar?.gbnf ?? "",
    grammar_lazy: false,
    grammar_triggers: [],
    preserved_tokens: [],
    model: serving.model.id,
  };
}

/** What any request asks for, by llama.cpp's names. */
export function requestParams({ maxTokens, sampling }: Pick<OutputRequest, "maxTokens" | "sampling">) {
  return { ...FIXED, ...samplingParams(sampling), n_predict: maxTokens, max_tokens: maxTokens };
}

function samplingParams({ dry = DRY, xtc = XTC, ...sampling }: Sampling) {
  return {
    seed: sampling.seed,
    temperature: sampling.temperature,
    top_k: sampling.topK,
    top_p: sampling.topP,
    min_p: sampling.minP,
    repeat_penalty: sampling.repeatPenalty,
    repeat_last_n: sampling.penaltyTokens ?? PENALTY_TOKENS,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    xtc_probability: xtc.probability,
    xtc_threshold: xtc.threshold,
    dry_multiplier: dry.multiplier,
    dry_base: dry.base,
    dry_allowed_length: dry.allowedLength,
    dry_penalty_last_n: dry.lastTokens,
    dry_sequence_breakers: dry.sequenceBreakers,
  };
}

/** The same for every request. */
const FIXED = {
  ...NEUTRAL,
  stop: [] as readonly string[],
  ignore_eos: false,
  stream: false,
  n_probs: 0,
  grammar: "",
  reasoning_format: "none",
  samplers: SAMPLERS,
  timings_per_token: false,
};
