/** What tables of step costs say about each other. What else a machine does can only add to a measured time. */
import { type CostPoint, roundMs } from "@drover/contract/step-costs";

/** A stored table holds while a quick look finds its sizes off by no more than this, relative to each other. */
const MOST_DRIFT = 1.3;

/**
 * Does a table hold against a second look at some of its sizes? All of them slower by one factor is a machine that is
 * busy now; all of them faster, or only some slower, is a table that was measured while it was busy.
 */
export function costsHold(table: readonly CostPoint[], seen: readonly CostPoint[]): boolean {
  const ratios = ratiosOf(table, seen);
  if (ratios.length < seen.length) return false;
  const highest = Math.max(...ratios);
  return highest / Math.min(...ratios) <= MOST_DRIFT && highest >= 1 / MOST_DRIFT;
}

/** Live steps correct the table once they disagree by more than this: below is noise. */
const LEAST_DISAGREEMENT = 1.12;

/**
 * The table with the sizes that were seen set to what was seen, after taking out the factor by which all of them are
 * slower or faster: other sizes keep their place beside them.
 *
 * @returns undefined: their relative costs agree, or too few are known to tell
 */
export function correctedCosts(
  table: readonly CostPoint[],
  seen: readonly CostPoint[],
): readonly CostPoint[] | undefined {
  const ratios = ratiosOf(table, seen).toSorted((a, b) => a - b);
  const [lowest, highest] = [ratios[0], ratios.at(-1)];
  if (ratios.length < 2 || lowest === undefined || highest === undefined) return undefined;
  if (highest / lowest <= LEAST_DISAGREEMENT) return undefined;
  const factor = median(ratios);
  const live = new Map(seen.map(({ tokens, ms }) => [tokens, ms / factor]));
  return table.map(({ tokens, ms }) => ({ tokens, ms: roundMs(live.get(tokens) ?? ms) }));
}

/** A size this much above its neighbours and its cuts was probably disturbed. */
const LEAST_OUTLIER = 1.15;

/**
 * Sizes to be measured once more: dearer than both neighbours, and than two smaller steps of as many tokens. Dearer than
 * the next larger one alone is no sign: three cost more than four, and six more than eight, with kernels that are fast
 * at multiples of four. But for the smallest, which has no cuts: no kernel takes longer for one than for two.
 */
export function suspiciousSizes(table: readonly CostPoint[]): readonly number[] {
  const known = new Map(table.map(({ tokens, ms }) => [tokens, ms]));
  return table
    .filter(({ tokens, ms }, index) => {
      const neighbours = [table[index - 1], table[index + 1]].flatMap((point) => point?.ms ?? []);
      const cuts = table.flatMap((part) => {
        const rest = known.get(tokens - part.tokens);
        return rest === undefined ? [] : part.ms + rest;
      });
      const cheapestCut = index === 0 ? 0 : Math.min(...cuts);
      return ms > LEAST_OUTLIER * Math.max(...neighbours, cheapestCut);
    })
    .map(({ tokens }) => tokens);
}

function ratiosOf(table: readonly CostPoint[], seen: readonly CostPoint[]): readonly number[] {
  const known = new Map(table.map(({ tokens, ms }) => [tokens, ms]));
  return seen.flatMap(({ tokens, ms }) => {
    const stored = known.get(tokens);
    return stored === undefined ? [] : ms / stored;
  });
}

function median(sorted: readonly number[]): number {
  const middle = (sorted.length - 1) / 2;
  const [low = 1, high = 1] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return Math.sqrt(low * high);
}
