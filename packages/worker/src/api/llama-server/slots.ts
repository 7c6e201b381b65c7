import { refused } from "../../errors.ts";
import type { Serving } from "../serving.ts";
import { requestParams } from "./native-settings.ts";

/** `GET /health`. */
export function health({ slots }: Serving) {
  const { idle, processing } = slots.counts();
  return { status: "ok", slots_idle: idle, slots_processing: processing };
}

/**
 * `GET /slots`: what each slot does, as a list like llama.cpp's server.
 *
 * @throws RequestError 503 where none is free and the client asked by `?fail_on_no_slot=1` to be told so
 */
export function slots({ slots: view }: Serving, query: unknown) {
  if (asksToFail(query) && view.counts().idle === 0) throw refused(503, "no_slot_available", "No slot is free.");
  return view.describe().map((slot) => ({
    id: slot.id,
    id_task: slot.uses === 0 ? -1 : slot.uses,
    n_ctx: view.contextTokens,
    speculative: false,
    is_processing: slot.state !== "idle",
    n_prompt_tokens: slot.promptTokens,
    n_prompt_tokens_cache: slot.cachedTokens,
    n_prompt_tokens_processed: Math.max(0, Math.min(slot.keptTokens, slot.promptTokens) - slot.cachedTokens),
    params: slot.request === undefined ? {} : requestParams(slot.request),
    next_token: [
      { has_next_token: slot.state !== "idle", has_new_line: false, n_remain: -1, n_decoded: slot.generatedTokens },
    ],
    state: slot.state,
    kept_tokens: slot.keptTokens,
    prompt_tokens: slot.promptTokens,
    generated_tokens: slot.generatedTokens,
  }));
}

/** `GET /steps`: what the steps so far were and cost, and how many requests wait for a slot. */
export function steps({ slots: view }: Serving) {
  return { queued: view.counts().queued, ...view.facts?.() };
}

function asksToFail(query: unknown): boolean {
  if (typeof query !== "object" || query === null || !("fail_on_no_slot" in query)) return false;
  return query.fail_on_no_slot !== "0" && query.fail_on_no_slot !== "";
}
