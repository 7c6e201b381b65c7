import type { StepCosts } from "@drover/contract/step-costs";
import type { Group } from "../step-costs/step-cost-learner.ts";

/**
 * What a sequence has for the next step: one token, several of a prompt, nothing but room for a throw-away token, or
 * nothing at all.
 */
export type SlotStatus = "decoding" | "prefill" | "fillable" | "blocked";

export interface GroupPlan {
  /** Ascending. Each decoding slot is in one; prefill and fillable slots only where that is cheaper. */
  readonly groups: readonly Group[];
  /** Estimated; 0 without costs. */
  readonly ms: number;
}

/** A pad or a cut must save this share of the step, or it is only noise of the measurement. */
const MARGIN = 0.03;

/**
 * The cheapest way to decode one token of each decoding slot. llama.cpp computes a run of consecutive sequences
 * together, so a plan is a choice of runs: a hole may be filled, a run padded to a size that costs less, or cut in two.
 * Without costs: each run as it is.
 */
export function planGroups(statuses: readonly SlotStatus[], costs: StepCosts | undefined): GroupPlan {
  const plain = plainPlan(statuses, costs);
  if (costs === undefined) return plain;
  const best = cheapest(statuses, costs);
  return best.ms < plain.ms * (1 - MARGIN) ? best : plain;
}

/** A step of those only that begin. Undefined: nobody begins, or everybody, or what a step costs is not known. */
export function planBeginning(
  statuses: readonly SlotStatus[],
  situation: {
    readonly beginning: readonly { readonly id: number }[];
    readonly decoding: readonly unknown[];
    readonly costs: StepCosts | undefined;
  },
): GroupPlan | undefined {
  const { beginning, decoding, costs } = situation;
  if (costs === undefined || beginning.length === 0 || beginning.length === decoding.length) return undefined;
  const begins = new Set(beginning.map(({ id }) => id));
  return planGroups(
    statuses.map((status, id) => (status === "decoding" && !begins.has(id) ? "prefill" : status)),
    costs,
  );
}

/** Each run of decoding slots as it is. */
export function plainPlan(statuses: readonly SlotStatus[], costs: StepCosts | undefined): GroupPlan {
  const groups = plainGroups(statuses);
  const ms = groups.reduce((sum, { first, last }) => sum + (costs?.groupMs(last - first + 1) ?? 0), 0);
  return { groups, ms };
}

/** Exchanges of two sequences that bring all running ones together at the lowest ids, or none where that does not pay. */
export function planMoves(situation: {
  readonly statuses: readonly SlotStatus[];
  readonly costs: StepCosts | undefined;
  /** Steps over which a move must pay. */
  readonly horizon: number;
  readonly moveMs: number;
}): readonly (readonly [from: number, to: number])[] {
  const { statuses, costs, horizon, moveMs } = situation;
  if (costs === undefined) return [];
  const isRunning = (status: SlotStatus) => status === "decoding" || status === "prefill";
  const count = statuses.filter(isRunning).length;
  const strays = [...statuses.keys()].filter((id) => id >= count && isRunning(statuses[id] as SlotStatus));
  if (strays.length === 0) return [];
  const holes = [...statuses.keys()].filter((id) => id < count && !isRunning(statuses[id] as SlotStatus));
  const asDecoding = statuses.map((status): SlotStatus => (isRunning(status) ? "decoding" : status));
  const together = statuses.map((_, id): SlotStatus => (id < count ? "decoding" : "fillable"));
  const saved = planGroups(asDecoding, costs).ms - planGroups(together, costs).ms;
  if (saved * horizon <= strays.length * moveMs) return [];
  return strays.map((from, index) => [from, holes[index] as number] as const);
}

function plainGroups(statuses: readonly SlotStatus[]): readonly Group[] {
  const groups: Group[] = [];
  for (const [id, status] of statuses.entries()) {
    if (status !== "decoding") continue;
    const open = groups.at(-1);
    if (open?.last === id - 1) groups[groups.length - 1] = { first: open.first, last: id };
    else groups.push({ first: id, last: id });
  }
  return groups;
}

/** Dynamic programming from the highest id down: the best plan for the slots at `first` and above. */
function cheapest(statuses: readonly SlotStatus[], costs: StepCosts): GroupPlan {
  const best: GroupPlan[] = Array.from({ length: statuses.length + 1 }, () => ({ groups: [], ms: 0 }));
  for (let first = statuses.length - 1; first >= 0; first--) {
    const status = statuses[first];
    let found: GroupPlan | undefined = status === "decoding" ? undefined : best[first + 1];
    for (let last = first; last < statuses.length && statuses[last] !== "blocked"; last++) {
      const rest = best[last + 1] as GroupPlan;
      const ms = costs.groupMs(last - first + 1) + rest.ms;
      if (found === undefined || ms < found.ms) found = { groups: [{ first, last }, ...rest.groups], ms };
    }
    best[first] = found as GroupPlan;
  }
  return best[0] as GroupPlan;
}

/** What a slot has for the next step. */
export function slotStatus(
  slot: {
    readonly running: unknown;
    readonly pending: number;
    readonly evaluated: number;
    readonly isHeld: boolean;
  },
  contextTokens: number,
  canCutState: boolean,
): SlotStatus {
  if (slot.isHeld) return "blocked";
  if (slot.running !== undefined) return slot.pending > 1 ? "prefill" : "decoding";
  // A throw-away token is cut off again, which must leave the kept prefix as it was.
  return slot.evaluated < contextTokens && (canCutState || slot.evaluated === 0) ? "fillable" : "blocked";
}
