import { seededRandom } from "../random.ts";
import { ratioInterval } from "../statistics/bootstrap.ts";
import { type Metric, metricsOf } from "./metrics.ts";
import type { CompareRatio, CompareRound } from "./compare-report.ts";
import { amountOf, type Load } from "../load/load.ts";

interface Pair {
  readonly ours: number;
  readonly theirs: number;
  /** The other side had no such figure; this is what it can't be better than. */
  readonly isBestCase: boolean;
}

/** The side whose figures are divided by each other side's. */
const BASE = "drover";

/** Ratios within each round (its sides were measured minutes apart), combined over the rounds, and over all loads. */
export function ratiosOf(rounds: readonly CompareRound[]): readonly CompareRatio[] {
  const others = [...new Set(rounds.map(({ side }) => side))].filter((side) => side !== BASE);
  const loads = loadsOf(rounds);
  const metrics = metricsOf(rounds.flatMap(({ steps }) => steps));
  return others.flatMap((other) =>
    metrics.flatMap((metric) => {
      const ofLoads = loads.map((load) => pairsOf(rounds, other, load, metric));
      const each = loads.map((load, index) => ratioOf(other, load, metric, [ofLoads[index] ?? []]));
      if (loads.length < 2) return each;
      // An interrupted run has loads that a side never came to.
      const measured = ofLoads.filter((pairs) => pairs.length > 0);
      return [...each, ratioOf(other, undefined, metric, measured)];
    }),
  );
}

/** @param amount of the load; undefined: over all loads */
export function ratioAt(
  ratios: readonly CompareRatio[],
  other: string,
  metric: string,
  amount: number | undefined,
): CompareRatio | undefined {
  return ratios.find(
    (one) => one.other === other && one.metric === metric && (one.load && amountOf(one.load)) === amount,
  );
}

/** The loads of a comparison in ascending order, each once. */
export function loadsOf(rounds: readonly CompareRound[]): readonly Load[] {
  const all = rounds.flatMap(({ steps }) => steps.map(({ load }) => load));
  return [...new Map(all.map((load) => [amountOf(load), load])).values()].toSorted((a, b) => amountOf(a) - amountOf(b));
}

/** @param groups of rounds at the same load; each load has the same weight */
function ratioOf(
  other: string,
  load: Load | undefined,
  metric: Metric,
  groups: readonly (readonly Pair[])[],
): CompareRatio {
  const ratio = ratioInterval(
    groups.map((pairs) => pairs.map(({ ours, theirs }) => [ours, theirs] as const)),
    seededRandom(1),
  );
  const isBound = ratio !== undefined && groups.flat().some(({ isBestCase }) => isBestCase);
  const bound = isBound ? (metric.moreIsBetter ? "at least" : "at most") : undefined;
  return { other, load, metric: metric.name, ratio, bound };
}

function pairsOf(
  rounds: readonly CompareRound[],
  other: string,
  load: Load,
  { of, bestCase }: Metric,
): readonly Pair[] {
  const stepOf = (side: string, round: number) =>
    rounds
      .find((one) => one.side === side && one.round === round)
      ?.steps.find((step) => amountOf(step.load) === amountOf(load));
  return [...new Set(rounds.map(({ round }) => round))].flatMap((round) => {
    const [ours, theirs] = [stepOf(BASE, round), stepOf(other, round)];
    if (ours === undefined || theirs === undefined) return [];
    const measured = of(theirs) ?? 0;
    const isBestCase = measured === 0;
    return [{ ours: of(ours) ?? 0, theirs: isBestCase ? (bestCase(theirs) ?? 0) : measured, isBestCase }];
  });
}
