import { samplingOf } from "../generating/sampling-fields.ts";
import type { Serving } from "../serving.ts";
import { templateCaps } from "./template-caps.ts";

/** `GET /props`: what a client may want to know of the model and of the defaults, in the shape of llama.cpp's server. */
export function props({ model, slots, prompts, vocabulary, embedder }: Serving) {
  const textOf = (token: number | undefined) =>
    token === undefined ? "" : Buffer.from(vocabulary.tokenBytes(token, true)).toString("utf8");
  return {
    default_generation_settings: {
      id: 0,
      n_ctx: slots.contextTokens,
      speculative: false,
      is_processing: false,
      params: defaultParams(model.vocabularySize),
    },
    total_slots: slots.describe().length,
    model_alias: model.id,
    // The name alone: where the file lies is nobody's business on the network.
    model_path: model.fileName,
    chat_template: prompts.template.source,
    chat_template_caps: templateCaps,
    model_ftype: model.fileType,
    modalities: { vision: false, audio: false },
    media_marker: "",
    bos_token: textOf(model.bosToken),
    eos_token: textOf(model.eosToken),
    build_info: "drover",
    endpoint_slots: true,
    endpoint_props: false,
    endpoint_metrics: true,
    // llama-server's own page and its proxy, which the console is not.
    ui: false,
    ui_settings: {},
    cors_proxy_enabled: false,
    is_sleeping: false,
    model: model.id,
    architecture: model.architecture,
    n_ctx_train: model.trainedContextTokens,
    n_vocab: model.vocabularySize,
    n_embd: model.embeddingLength,
    has_infill: model.hasInfill,
    embeddings: embedder !== undefined,
  };
}

/** What a request gets that asks for nothing, by llama.cpp's names; what Drover takes only as neutral included. */
function defaultParams(vocabularySize: number) {
  const sampling = samplingOf({}, vocabularySize, RANDOM_SEED);
  return {
    n_predict: -1,
    max_tokens: -1,
    seed: sampling.seed,
    temperature: sampling.temperature,
    dynatemp_range: 0,
    dynatemp_exponent: 1,
    top_k: sampling.topK,
    top_p: sampling.topP,
    min_p: sampling.minP,
    top_n_sigma: -1,
    xtc_probability: 0,
    typical_p: 1,
    repeat_penalty: sampling.repeatPenalty,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    dry_multiplier: 0,
    mirostat: 0,
    stop: [],
    n_keep: 0,
    ignore_eos: false,
    stream: false,
    n_probs: 0,
    min_keep: 0,
    grammar: "",
    timings_per_token: false,
    post_sampling_probs: false,
    lora: [],
  };
}

/** llama.cpp's value for a seed that is drawn. */
const RANDOM_SEED = 4_294_967_295;
