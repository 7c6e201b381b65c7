import type { FastifyReply } from "fastify";
import { badField, refused } from "../../errors.ts";
import { sendJson, WrittenJson } from "../http/send-json.ts";
import { embedInputs } from "../openai-embeddings/embeddings.ts";
import { modelDetails } from "../llama-server/models.ts";
import type { Serving } from "../serving.ts";
import type { OllamaEmbed } from "./ollama-schema.ts";

/** Clients ask for it to know what they may send: the one whose API this is. */
const OLLAMA_VERSION = "0.12.0";

export function ollamaVersion() {
  return { version: OLLAMA_VERSION };
}

/** `GET /api/tags` and `/api/ps`. @param started Unix time in seconds */
export function ollamaModels({ model, slots }: Serving, started: number) {
  const at = new Date(1000 * started).toISOString();
  const one = {
    name: model.id,
    model: model.id,
    modified_at: at,
    size: model.sizeBytes,
    digest: "",
    details: modelDetails(model),
  };
  // It stays for as long as the server does.
  return {
    models: [{ ...one, expires_at: "9999-12-31T23:59:59Z", size_vram: 0, context_length: slots.contextTokens }],
  };
}

/** `POST /api/show`. */
export function ollamaShow({ model, prompts, slots, embedder }: Serving) {
  const { architecture } = model;
  return {
    modelfile: "",
    parameters: "",
    template: prompts.template.source,
    details: modelDetails(model),
    model_info: {
      "general.architecture": architecture,
      "general.parameter_count": model.parameters,
      [`${architecture}.context_length`]: slots.contextTokens,
      [`${architecture}.embedding_length`]: model.embeddingLength,
    },
    capabilities: [
      "completion",
      "tools",
      ...(prompts.template.thinks ? ["thinking"] : []),
      ...(model.hasInfill ? ["insert"] : []),
      ...(embedder === undefined ? [] : ["embedding"]),
    ],
  };
}

/** `POST /api/embed`. */
export async function ollamaEmbed(serving: Serving, body: OllamaEmbed, reply: FastifyReply) {
  const { vectors, promptTokens } = await embedInputs(serving, reply, inputOf(body));
  return await sendJson(reply, {
    model: serving.model.id,
    embeddings: vectors.map((vector) => new WrittenJson(vector)),
    prompt_eval_count: promptTokens,
  });
}

/** `POST /api/embeddings`, as it was before `/api/embed`. */
export async function ollamaEmbedding(serving: Serving, body: OllamaEmbed, reply: FastifyReply) {
  const [vector = "[]"] = (await embedInputs(serving, reply, inputOf(body))).vectors;
  return await sendJson(reply, { embedding: new WrittenJson(vector) });
}

function inputOf(body: OllamaEmbed) {
  const input = body.input ?? body.prompt;
  if (input === null || input === undefined) throw badField("input", "Missing required parameter: 'input'.");
  return input;
}

/** `POST /api/pull`, `/api/create`, `/api/copy` and `/api/push`. @throws RequestError 501, always */
export function ollamaPull({ model }: Serving): never {
  const message = `This server has the model '${model.id}' and fetches no others; start Drover with --model, or use 'drover reload --model'.`;
  throw refused(501, "not_supported", message, "model");
}
