import type { Serving } from "./serving.ts";

/** `GET /slots`. */
export function slots({ slots: view }: Serving) {
  return {
    slots: view.describe().map((slot) => ({
      id: slot.id,
      state: slot.state,
      is_processing: slot.state !== "idle",
      n_ctx: view.contextTokens,
      kept_tokens: slot.keptTokens,
      prompt_tokens: slot.promptTokens,
      generated_tokens: slot.generatedTokens,
    })),
    queued: view.counts().queued,
    ...view.facts?.(),
  };
}

/** `GET /props`: what a client may want to know of the model. */
export function props({ model, slots: view, prompts, vocabulary, embedder }: Serving) {
  const textOf = (token: number | undefined) =>
    token === undefined ? "" : Buffer.from(vocabulary.tokenBytes(token, true)).toString("utf8");
  return {
    model: model.id,
    architecture: model.architecture,
    total_slots: view.describe().length,
    default_generation_settings: {
      n_ctx: view.contextTokens,
      params: { temperature: 0.8, top_k: 40, top_p: 0.95, min_p: 0.05, repeat_penalty: 1 },
    },
    n_ctx_train: model.trainedContextTokens,
    n_vocab: model.vocabularySize,
    n_embd: model.embeddingLength,
    chat_template: prompts.template.source,
    bos_token: textOf(model.bosToken),
    eos_token: textOf(model.eosToken),
    modalities: { vision: false, audio: false },
    has_infill: model.hasInfill,
    embeddings: embedder !== undefined,
  };
}
