/** A worker as the plan of a roll sees it. */
export interface RollMember {
  readonly id: string;
  readonly index: number;
  /** What it was started from; two equal ones are interchangeable. */
  readonly recipe: string;
}

/** What leads from the workers that are to those that should be, in this order. */
export interface RollPlan {
  /** Ids of workers to replace, one after the other. */
  readonly replace: readonly string[];
  /** Indexes of workers to start. */
  readonly add: readonly number[];
  /** Ids of workers to drain and end. */
  readonly remove: readonly string[];
}

/**
 * Plans a roll to `count` workers, where `recipeOf` says what the worker of an index should be started from. Replacing
 * comes first: its canary is what shows that the new recipe works at all, before anything else changes.
 */
export function planRoll(members: readonly RollMember[], count: number, recipeOf: (index: number) => string): RollPlan {
  const staying = members.filter(({ index }) => index <= count);
  const present = new Set(members.map(({ index }) => index));
  return {
    replace: staying.filter(({ index, recipe }) => recipe !== recipeOf(index)).map(({ id }) => id),
    add: Array.from({ length: count }, (_, offset) => offset + 1).filter((index) => !present.has(index)),
    remove: members.filter(({ index }) => index > count).map(({ id }) => id),
  };
}

/** Memory that must stay free while two generations of a worker exist side by side. */
const HEADROOM_BYTES = 256 * 2 ** 20;

/** Whether a new worker, which needs about what the old one holds, fits beside it; else it is started after that has ended. */
export function fitsBeside(needBytes: number, freeBytes: number): boolean {
  return freeBytes - needBytes >= HEADROOM_BYTES;
}
