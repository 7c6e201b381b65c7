import type { OutputRequest } from "../../generation/generate.ts";
import type { Sampling } from "../../generation-contract.ts";
import { SAMPLERS } from "../generating/sampling-fields.ts";
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

function samplingParams({ dry, xtc, ...sampling }: Sampling) {
  return {
    seed: sampling.seed,
    temperature: sampling.temperature,
    top_k: sampling.topK,
    top_p: sampling.topP,
    min_p: sampling.minP,
    repeat_penalty: sampling.repeatPenalty,
    repeat_last_n: sampling.penaltyTokens ?? 64,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    xtc_probability: xtc?.probability ?? 0,
    xtc_threshold: xtc?.threshold ?? 0.1,
    dry_multiplier: dry?.multiplier ?? 0,
    dry_base: dry?.base ?? 1.75,
    dry_allowed_length: dry?.allowedLength ?? 2,
    dry_penalty_last_n: dry?.lastTokens ?? -1,
    dry_sequence_breakers: dry?.sequenceBreakers ?? ["\n", ":", '"', "*"],
  };
}

/** The same for every request: what says nothing, of samplers and switches that only llama.cpp's server has. */
const FIXED = {
  dynatemp_range: 0,
  dynatemp_exponent: 1,
  top_n_sigma: -1,
  typical_p: 1,
  mirostat: 0,
  mirostat_tau: 5,
  mirostat_eta: 0.1,
  adaptive_target: -1,
  adaptive_decay: 0.9,
  stop: [] as readonly string[],
  n_keep: 0,
  n_discard: 0,
  ignore_eos: false,
  stream: false,
  n_probs: 0,
  min_keep: 0,
  grammar: "",
  chat_format: "Content-only",
  reasoning_format: "none",
  reasoning_in_content: false,
  generation_prompt: "",
  samplers: SAMPLERS,
  "speculative.types": "none",
  timings_per_token: false,
  post_sampling_probs: false,
  backend_sampling: false,
  lora: [],
};
