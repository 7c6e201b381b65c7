import type { OutputRequest } from "../../generation/generate.ts";
import type { Serving } from "../serving.ts";
import type { NativeFields } from "./completion-schema.ts";

/** What a request was made with, by llama.cpp's names. */
export function nativeSettings(serving: Serving, body: NativeFields, request: OutputRequest) {
  const { sampling } = request;
  return {
    n_predict: request.maxTokens,
    max_tokens: request.maxTokens,
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
    stop: body.stop,
    ignore_eos: request.ignoreEndOfText,
    stream: body.stream ?? false,
    n_probs: body.n_probs ?? 0,
    grammar: request.grammar?.gbnf ?? "",
    model: serving.model.id,
  };
}
