import type { BatchPart } from "../engine/engine.ts";
import type { StepEntry } from "./compose-step.ts";
import type { Slot } from "./slot.ts";

/** Any token does for a throw-away one. */
const PAD_TOKEN = 0;

/** What a slot gives to a step. */
export function batchPart(slot: Slot, { tokens }: StepEntry): BatchPart {
  const position = slot.evaluated;
  // A pad asks for logits too: the last layer's kernels have the same favourite sizes.
  if (tokens === 0) return { sequence: slot.id, position, tokens: [PAD_TOKEN], logits: "last" };
  if (slot.draft.length > 0) {
    const last = slot.tokens.slice(position);
    return { sequence: slot.id, position, tokens: [...last, ...slot.draft], logits: "all" };
  }
  return {
    sequence: slot.id,
    position,
    tokens: slot.tokens.slice(position, position + tokens),
    logits: tokens === slot.pending ? "last" : "none",
  };
}
