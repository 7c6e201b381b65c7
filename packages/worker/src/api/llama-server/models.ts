import type { ApiFamily } from "@drover/contract/routes";
import { badField, refused } from "../../errors.ts";
import type { Serving } from "../serving.ts";

/** `GET /v1/models`, in OpenAI's shape or in Anthropic's. */
export function listModels(serving: Serving, startedSeconds: number, api: ApiFamily) {
  if (api !== "anthropic")
    return { object: "list", data: [modelOf(serving, startedSeconds)], models: [listed(serving)] };
  const { id } = serving.model;
  return { data: [anthropicModelOf(serving, startedSeconds)], has_more: false, first_id: id, last_id: id };
}

/** `GET /v1/models/:model`. @throws RequestError 404 for a model that this worker does not have. */
export function retrieveModel(serving: Serving, startedSeconds: number, id: string, api: ApiFamily) {
  if (id === "") throw badField("model", "Missing required parameter: 'model'.");
  if (id === serving.model.id) return (api === "anthropic" ? anthropicModelOf : modelOf)(serving, startedSeconds);
  const message = `The model '${id}' does not exist; this server has '${serving.model.id}'.`;
  throw refused(404, "model_not_found", message, "model");
}

function anthropicModelOf({ model: { id } }: Serving, startedSeconds: number) {
  return { type: "model", id, display_name: id, created_at: new Date(1000 * startedSeconds).toISOString() };
}

/** As llama.cpp's server lists it for clients of Ollama. */
function listed({ model }: Serving) {
  return {
    name: model.id,
    model: model.id,
    modified_at: "",
    size: "",
    digest: "",
    type: "model",
    description: "",
    tags: [""],
    capabilities: ["completion"],
    parameters: "",
    details: modelDetails(model),
  };
}

/** What Ollama's API says of a model. */
export function modelDetails({ architecture, fileType, parameters }: Serving["model"]) {
  const size = parameters >= 1e9 ? `${(parameters / 1e9).toFixed(1)}B` : `${(parameters / 1e6).toFixed(1)}M`;
  return {
    parent_model: "",
    format: "gguf",
    family: architecture,
    families: [architecture],
    parameter_size: size,
    quantization_level: fileType,
  };
}

function modelOf({ model, slots }: Serving, startedSeconds: number) {
  return {
    id: model.id,
    aliases: [model.id],
    tags: [],
    object: "model",
    created: startedSeconds,
    owned_by: "drover",
    meta: {
      architecture: model.architecture,
      vocab_type: model.vocabularyType,
      n_vocab: model.vocabularySize,
      n_ctx: slots.contextTokens,
      n_ctx_train: model.trainedContextTokens,
      n_embd: model.embeddingLength,
      n_params: model.parameters,
      size: model.sizeBytes,
      ftype: model.fileType,
    },
  };
}
