import type { OutputRequest } from "../../generation/generate.ts";
import type { Serving } from "../serving.ts";
import type { NativeFields } from "./completion-schema.ts";

/** What a request was made with, by llama.cpp's names. */
export function nativeSettings(serving: Serving, body: NativeFields, request: OutputRequest) {
  return {
    ...requestParams(request),
    stop: body.stop,
    ignore_eos: request.ignoreEndOfText,
    stream: body.stream ?? false,
    n_probs: body.n_probs ?? 0,
    grammar: request.grammar?.gbnf ?? "",
    model: serving.model.id,
  };
}

/** What any request asks for, by llama.cpp's names. */
export function requestParams({ maxTokens, sampling }: Pick<OutputRequest, "maxTokens" | "sampling">) {
  return {
    n_predict: maxTokens,
    max_tokens: maxTokens,
    seed: sampling.seed,
    temperature: sampling.temperature,
    top_k: sampling.topK,
    top_p: sampling.topP,
    min_p: sampling.minP,
    repeat_penalty: sampling.repeatPenalty,
    repeat_last_n: sampling.penaltyTokens ?? 64,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    xtc_probability: sampling.xtc?.probability ?? 0,
    dry_multiplier: sampling.dry?.multiplier ?? 0,
  };
}
