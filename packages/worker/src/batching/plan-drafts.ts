import type { StepCosts } from "@drover/contract/step-costs";

/** More would be refuted before it pays. */
export const LONGEST_DRAFT = 7;

/** What a draft must win before it is tried: the odds are only an estimate. */
const MARGIN = 1.05;

export interface DraftChoice {
  readonly slot: number;
  /** Tokens that could be drafted. */
  readonly drafted: number;
  /** Share of this generation's drafted tokens that came true, lately. */
  readonly odds: number;
}

/**
 * How many drafted tokens of each slot the step verifies: as many as raise the tokens a second of the entire step, since
 * every slot waits for it. Verifying is one more group of the slot's own, and the only one where it decodes alone.
 *
 * @returns tokens by slot; slots for which it does not pay are left out
 */
export function planDrafts(
  choices: readonly DraftChoice[],
  step: { readonly ms: number; readonly decoding: number; readonly costs: StepCosts },
): ReadonlyMap<number, number> {
  const plan = new Map<number, number>();
  let { ms, decoding: tokens } = step;
  const alone = step.decoding === 1;
  for (const { slot, drafted, odds } of choices) {
    let best = { length: 0, rate: (tokens / ms) * MARGIN, ms, tokens };
    let won = 0;
    for (let length = 1; length <= drafted; length++) {
      won += odds ** length;
      const longer = alone ? step.costs.groupMs(1 + length) : ms + step.costs.groupMs(length);
      const rate = (tokens + won) / longer;
      if (rate > best.rate) best = { length, rate, ms: longer, tokens: tokens + won };
    }
    if (best.length === 0) continue;
    plan.set(slot, best.length);
    ({ ms, tokens } = best);
  }
  return plan;
}
