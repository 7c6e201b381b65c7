import type { Slot } from "./slot.ts";

/** Fewer common tokens are evaluated again rather than copied from a busy slot. */
const LEAST_COPIED_TOKENS = 64;

export interface SlotChoice {
  readonly slot: Slot;
  /** Leading tokens of the prompt that the slot holds, once `copyFrom` was copied into it. */
  readonly cachedTokens: number;
  readonly copyFrom?: Slot;
}

/**
 * Where a request goes:
 * 1. to a free slot that holds the longest common prefix;
 * 2. else to the lowest free slot that holds nothing, so that running slots stay neighbours;
 * 3. else to the least recently used one.
 * Where the longest common prefix is in a busy slot (a system prompt that several share), 2 and 3 copy it.
 *
 * @param free not empty, ascending
 */
export function chooseSlot(
  free: readonly Slot[],
  slots: readonly Slot[],
  match: { readonly slots: readonly number[]; readonly length: number },
): SlotChoice {
  const holder = free.find((slot) => match.slots.includes(slot.id));
  if (holder !== undefined) return { slot: holder, cachedTokens: match.length };
  const slot =
    free.find((slot) => slot.evaluated === 0) ??
    free.reduce((oldest, candidate) => (candidate.lastUse < oldest.lastUse ? candidate : oldest));
  const copyFrom = slots[match.slots[0] ?? -1];
  if (copyFrom === undefined || match.length < LEAST_COPIED_TOKENS) return { slot, cachedTokens: 0 };
  return { slot, cachedTokens: match.length, copyFrom };
}
