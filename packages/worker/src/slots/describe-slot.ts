import type { Slot } from "../batching/slot.ts";
import { isAsked } from "./ahead-prompts.ts";
import type { SlotDescription } from "./slots-view.ts";

/** What a slot does. */
export function describeSlot(slot: Slot): SlotDescription {
  const { id, evaluated: keptTokens, lastUse: uses } = slot;
  const running = isAsked(slot) ? slot.running : undefined;
  if (running === undefined)
    return { id, state: "idle", keptTokens, promptTokens: 0, cachedTokens: 0, generatedTokens: 0, uses };
  const { request, generated, timeline } = running;
  return {
    id,
    state: slot.pending > 1 ? "prefill" : "decoding",
    keptTokens,
    promptTokens: request.prompt.length,
    cachedTokens: timeline?.cachedTokens ?? 0,
    generatedTokens: generated,
    uses,
    request,
  };
}
