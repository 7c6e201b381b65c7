/**
 * Fewer common tokens are evaluated again rather than copied from another slot: llama.cpp copies a slot's entire context,
 * used or not, and for a small model that takes about a hundredth of the time in which it evaluates as many tokens.
 */
export function leastCopiedTokens(contextTokens: number): number {
  return Math.max(16, Math.ceil(contextTokens / 128));
}

/** A slot is taken over for its prefix where the prefix is at least this share of what it holds: the rest is lost. */
const LEAST_KEPT_SHARE = 0.5;

/** What the choice needs to know of a slot. */
export interface Candidate {
  readonly id: number;
  /** Tokens that it holds. */
  readonly evaluated: number;
  /** The beginning of it to which a model that can't cut its state can go back. */
  readonly checkpoint?: { readonly tokens: number } | undefined;
  /** Number of its last use: the lower, the longer ago. */
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
 * Where snapshots keep what slots hold, 2 and 3 are simply the lowest free slot. For 2 and 3 the prefix is copied where another slot, busy or not, holds it: a system prompt that several share.
 *
 * @param free not empty, ascending
 * @param match slots with the longest common prefix, and its tokens
 * @param rules `leastCopied` as {@link leastCopiedTokens} has it
 */
export function chooseSlot<S extends Candidate>(
  free: readonly S[],
  slots: readonly S[],
  match: { readonly slots: readonly number[]; readonly length: number },
  rules: { readonly canCutState: boolean; readonly leastCopied: number; readonly hasSnapshots: boolean },
): SlotChoice<S> {
  const { canCutState, leastCopied, hasSnapshots } = rules;
  const [holder] = free
    .filter((slot) => match.slots.includes(slot.id))
    .map((slot) => ({ slot, cachedTokens: usable(slot, match.length, canCutState) }))
    .filter(({ cachedTokens }) => cachedTokens > 0)
    .toSorted((a, b) => b.cachedTokens - a.cachedTokens || a.slot.evaluated - b.slot.evaluated);
  if (holder !== undefined) return holder;
  const slot =
    free.find(({ evaluated }) => evaluated === 0 || hasSnapshots) ??
    free.reduce((oldest, candidate) => (candidate.lastUse < oldest.lastUse ? candidate : oldest));
  if (!canCutState) return { slot, cachedTokens: 0 };
  if (match.slots.includes(slot.id)) return { slot, cachedTokens: match.length };
  const copyFrom = slots[match.slots[0] ?? -1];
  if (copyFrom === undefined || match.length < leastCopied) return { slot, cachedTokens: 0 };
  return { slot, cachedTokens: match.length, copyFrom };
}

/** How much of the common prefix the slot may be taken over for. */
function usable({ evaluated, checkpoint }: Candidate, common: number, canCutState: boolean): number {
  if (canCutState) return common >= LEAST_KEPT_SHARE * evaluated ? common : 0;
  if (common >= evaluated) return evaluated;
  const kept = checkpoint?.tokens ?? 0;
  return common >= kept ? kept : 0;
}
