/** Whose requests hold slots, and whose are next: slots are divided between owners. Pure. */

/** A slot that a request holds. */
export interface HeldSlot {
  readonly id: number;
  readonly owner: string;
  /** Its prompt is read: the response is being made. */
  readonly isDecoding: boolean;
  readonly heldMs: number;
}

/** Where more owners want slots than there are, each has one for at least so long: to change takes a tenth of a second with a large model. */
export const SLICE_MS = 2000;

/** Requests that wait, as their positions in the line: those of owners with the fewest slots first, else first come first served. */
export function lineUp(waiting: readonly string[], held: readonly HeldSlot[]): readonly number[] {
  const counts = countByOwner(held);
  const countOf = (position: number) => counts.get(waiting[position] ?? "") ?? 0;
  return [...waiting.keys()].toSorted((one, other) => countOf(one) - countOf(other));
}

/**
 * While all slots are held: the one whose request is set aside for one of `owner`, if any. It is of the owner with the most slots, who has at least as many
 * as `owner` afterwards; one that has one slot only, of an owner who has none, has it for a time slice. Requests that are read go on being read where others can be taken.
 */
export function slotToYield(held: readonly HeldSlot[], owner: string): number | undefined {
  const counts = countByOwner(held);
  const own = counts.get(owner) ?? 0;
  const most = Math.max(0, ...counts.values());
  const isFair = most - own < 2;
  if (isFair && (own > 0 || most !== 1)) return undefined;
  const [slot] = held
    .filter((each) => counts.get(each.owner) === most)
    .filter(({ isDecoding, heldMs }) => !isFair || (isDecoding && heldMs >= SLICE_MS))
    .toSorted((one, other) => Number(other.isDecoding) - Number(one.isDecoding) || other.heldMs - one.heldMs);
  return slot?.id;
}

function countByOwner(held: readonly HeldSlot[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { owner } of held) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return counts;
}
