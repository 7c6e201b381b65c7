/** Fewer common tokens are evaluated again rather than copied from another slot. */
export const LEAST_COPIED_TOKENS = 64;

/** A slot is taken over for its prefix where the prefix is at least this share of what it holds: the rest is lost. */
const LEAST_KEPT_SHARE = 0.5;

/** What the choice needs to know of a slot. */
export interface Candidate {
  readonly id: number;
  /** Tokens that it holds. */
  readonly evaluated: number;
  /** Lower is longer ago. */
  readonly lastUse: number;
}

export interface SlotChoice<S extends Candidate> {
  readonly slot: S;
  /** Leading tokens of the prompt that the slot holds, once `copyFrom` was copied into it. */
  readonly cachedTokens: number;
  readonly copyFrom?: S;
}

/**
 * Where a request goes:
 * 1. to the free slot that holds the longest common prefix, unless most of what it holds belongs to someone else;
 * 2. else to the lowest free slot that holds nothing, so that running slots stay neighbours;
 * 3. else to the least recently used one.
 * For 2 and 3 the prefix is copied where another slot, busy or not, holds it: a system prompt that several share.
 *
 * @param free not empty, ascending
 * @param match slots with the longest common prefix, and its tokens
 */
export function chooseSlot<S extends Candidate>(
  free: readonly S[],
  slots: readonly S[],
  match: { readonly slots: readonly number[]; readonly length: number },
  canCutState: boolean,
): SlotChoice<S> {
  const share = canCutState ? LEAST_KEPT_SHARE : 1;
  const [holder] = free
    .filter(({ id, evaluated }) => match.slots.includes(id) && match.length >= share * evaluated)
    .toSorted((a, b) => a.evaluated - b.evaluated);
  if (holder !== undefined) return { slot: holder, cachedTokens: match.length };
  const slot =
    free.find(({ evaluated }) => evaluated === 0) ??
    free.reduce((oldest, candidate) => (candidate.lastUse < oldest.lastUse ? candidate : oldest));
  if (!canCutState) return { slot, cachedTokens: 0 };
  if (match.slots.includes(slot.id)) return { slot, cachedTokens: match.length };
  const copyFrom = slots[match.slots[0] ?? -1];
  if (copyFrom === undefined || match.length < LEAST_COPIED_TOKENS) return { slot, cachedTokens: 0 };
  return { slot, cachedTokens: match.length, copyFrom };
}
