import type { Group, StepCosts } from "../step-costs/step-costs.ts";

/**
 * What a sequence has for the next step: one token, several of a prompt, nothing but room for a throw-away token, or
 * nothing at all.
 */
export type Place = "decoding" | "prefill" | "fillable" | "blocked";

export interface GroupPlan {
  /** Ascending. Each decoding place is in one; prefill and fillable places only where that is cheaper. */
  readonly groups: readonly Group[];
  /** Estimated; 0 without costs. */
  readonly ms: number;
}

/** A pad or a cut must save this share of the step, or it is only noise of the measurement. */
const MARGIN = 0.03;

/**
 * The cheapest way to decode one token of each decoding place. llama.cpp computes a run of consecutive sequences
 * together, so a plan is a choice of runs: a hole may be filled, a run padded to a size that costs less, or cut in two.
 * Without costs: each run as it is.
 */
export function planGroups(places: readonly Place[], costs: StepCosts | undefined): GroupPlan {
  const plain = plainPlan(places, costs);
  if (costs === undefined) return plain;
  const best = cheapest(places, costs);
  return best.ms < plain.ms * (1 - MARGIN) ? best : plain;
}

/** Each run of decoding places as it is. */
export function plainPlan(places: readonly Place[], costs: StepCosts | undefined): GroupPlan {
  const groups = plainGroups(places);
  const ms = groups.reduce((sum, { first, last }) => sum + (costs?.groupMs(last - first + 1) ?? 0), 0);
  return { groups, ms };
}

/** Exchanges of two sequences that bring all running ones together at the lowest ids, or none where that does not pay. */
export function planMoves(situation: {
  readonly places: readonly Place[];
  readonly costs: StepCosts | undefined;
  /** Steps over which a move must pay. */
  readonly horizon: number;
  readonly moveMs: number;
}): readonly (readonly [from: number, to: number])[] {
  const { places, costs, horizon, moveMs } = situation;
  if (costs === undefined) return [];
  const isRunning = (place: Place) => place === "decoding" || place === "prefill";
  const count = places.filter(isRunning).length;
  const strays = [...places.keys()].filter((id) => id >= count && isRunning(places[id] as Place));
  if (strays.length === 0) return [];
  const holes = [...places.keys()].filter((id) => id < count && !isRunning(places[id] as Place));
  const asDecoding = places.map((place): Place => (isRunning(place) ? "decoding" : place));
  const together = places.map((_, id): Place => (id < count ? "decoding" : "fillable"));
  const saved = planGroups(asDecoding, costs).ms - planGroups(together, costs).ms;
  if (saved * horizon <= strays.length * moveMs) return [];
  return strays.map((from, index) => [from, holes[index] as number] as const);
}

function plainGroups(places: readonly Place[]): readonly Group[] {
  const groups: Group[] = [];
  for (const [id, place] of places.entries()) {
    if (place !== "decoding") continue;
    const open = groups.at(-1);
    if (open?.last === id - 1) groups[groups.length - 1] = { first: open.first, last: id };
    else groups.push({ first: id, last: id });
  }
  return groups;
}

/** Dynamic programming from the highest id down: the best plan for the places at `first` and above. */
function cheapest(places: readonly Place[], costs: StepCosts): GroupPlan {
  const best: GroupPlan[] = Array.from({ length: places.length + 1 }, () => ({ groups: [], ms: 0 }));
  for (let first = places.length - 1; first >= 0; first--) {
    const place = places[first];
    let found: GroupPlan | undefined = place === "decoding" ? undefined : best[first + 1];
    for (let last = first; last < places.length && places[last] !== "blocked"; last++) {
      const rest = best[last + 1] as GroupPlan;
      const ms = costs.groupMs(last - first + 1) + rest.ms;
      if (found === undefined || ms < found.ms) found = { groups: [{ first, last }, ...rest.groups], ms };
    }
    best[first] = found as GroupPlan;
  }
  return best[0] as GroupPlan;
}

/** What a slot has for the next step. */
export function placeOf(
  slot: {
    readonly running: unknown;
    readonly pending: number;
    readonly evaluated: number;
    readonly isHeld: boolean;
  },
  contextTokens: number,
  canCutState: boolean,
): Place {
  if (slot.isHeld) return "blocked";
  if (slot.running !== undefined) return slot.pending > 1 ? "prefill" : "decoding";
  // A throw-away token is cut off again, which must leave the kept prefix as it was.
  return slot.evaluated < contextTokens && (canCutState || slot.evaluated === 0) ? "fillable" : "blocked";
}
