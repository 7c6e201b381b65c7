import { controlText } from "../../generation/prompt/chat-template.ts";
import type { TemplateHabits } from "../../generation/prompt/template-probe.ts";
import { samplingOf } from "../generating/sampling-fields.ts";
import type { Serving } from "../serving.ts";
import { requestParams } from "./native-settings.ts";

/** `GET /props`: what a client may want to know of the model and of the defaults, in the shape of llama.cpp's server. */
export function props({ model, slots, prompts, vocabulary, embedder }: Serving) {
  return {
    default_generation_settings: {
      id: 0,
      n_ctx: slots.contextTokens,
      speculative: false,
      is_processing: false,
      // What a request gets that asks for nothing; what Drover takes only as neutral included.
      params: requestParams({ maxTokens: -1, sampling: samplingOf({}, RANDOM_SEED) }),
    },
    total_slots: slots.describe().length,
    model_alias: model.id,
    // The name alone: where the file lies is nobody's business on the network.
    model_path: model.fileName,
    chat_template: prompts.template.source,
    chat_template_caps: templateCaps(prompts.template.habits),
    model_ftype: model.fileType,
    modalities: { vision: false, video: false, audio: false },
    media_marker: "",
    bos_token: controlText(vocabulary, model.bosToken),
    eos_token: controlText(vocabulary, model.eosToken),
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

/** llama.cpp's value for a seed that is drawn. */
const RANDOM_SEED = 4_294_967_295;

/**
 * What a chat may hold, by llama.cpp's names. Drover writes tools, calls and results as text where a template knows none, so most of it does not depend on
 * the template.
 */
function templateCaps({ argumentObjects }: TemplateHabits) {
  return {
    supports_string_content: true,
    supports_typed_content: true,
    supports_system_role: true,
    supports_tools: true,
    supports_tool_calls: true,
    supports_parallel_tool_calls: true,
    supports_object_arguments: argumentObjects,
    supports_preserve_reasoning: false,
  };
}
