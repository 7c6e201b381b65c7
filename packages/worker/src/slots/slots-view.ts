import type { Slot } from "../batching/slot.ts";
import type { GenerationRequest } from "../generation-contract.ts";
import { isAsked } from "./ahead-prompts.ts";

/** What the HTTP side may see of the slots (`/health`, `/slots`, `/steps`, `/props`). */

export interface SlotDescription {
  readonly id: number;
  readonly state: "idle" | "prefill" | "decoding";
  /** Tokens whose KV state the slot holds. */
  readonly keptTokens: number;
  /** Of the running request; 0 while idle. */
  readonly promptTokens: number;
  /** Of the running request: tokens of its prompt that needed no evaluation; 0 while idle. */
  readonly cachedTokens: number;
  /** Of the running request; 0 while idle. */
  readonly generatedTokens: number;
  /** Counts the requests that had the slot; 0: there was none. */
  readonly uses: number;
  /** Of the running request. */
  readonly request?: Pick<GenerationRequest, "maxTokens" | "sampling">;
}

export interface SlotsView {
  /** Tokens that one slot holds, prompt and response together. */
  readonly contextTokens: number;
  /** Cheap: `/health` asks on every call. */
  counts(): { readonly idle: number; readonly processing: number; readonly queued: number };
  describe(): readonly SlotDescription[];
  /** For `GET /steps`: what steps were and cost. JSON values only. */
  facts?(): Readonly<Record<string, unknown>>;
}

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
