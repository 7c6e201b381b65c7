import type { Group } from "../step-costs/step-cost-learner.ts";

/** What a slot puts into a step. */
export interface StepEntry {
  readonly slot: number;
  /** 0: a throw-away token, erased after the step. */
  readonly tokens: number;
}

/**
 * The order in which llama.cpp computes exactly the planned groups. It starts a new group wherever the next sequence id
 * is not the last one plus one, so groups come from the highest to the lowest: even neighbouring ones then stay apart,
 * in one decode. A prompt inside a group lends it a token; its other tokens follow on their own.
 */
export function composeStep(
  groups: readonly Group[],
  /** Tokens by slot, one for each decoding slot. */
  wanted: ReadonlyMap<number, number>,
): readonly StepEntry[] {
  const grouped = (slot: number) => groups.some(({ first, last }) => first <= slot && slot <= last);
  const alone = [...wanted.keys()].filter((slot) => !grouped(slot)).map((slot) => ({ first: slot, last: slot }));
  return [...groups, ...alone]
    .toSorted((a, b) => b.first - a.first)
    .flatMap(({ first, last }) =>
      Array.from({ length: last - first + 1 }, (_, index) => ({
        slot: first + index,
        tokens: wanted.get(first + index) ?? 0,
      })),
    );
}
