import type { Load, StepReport } from "../load/run-step.ts";
import { seededRandom } from "../random.ts";
import { type Interval, ratioInterval } from "../statistics/bootstrap.ts";
import type { CompareRound } from "./run-compare.ts";

/** A figure that sides are compared by. */
export interface Metric {
  readonly name: string;
  /** Is a larger figure the better one? */
  readonly moreIsBetter: boolean;
  readonly of: (step: StepReport) => number | null;
  /** For a step without this figure: what it can't be better than; null where that is not known. */
  readonly bestCase: (step: StepReport) => number | null;
}

/** Not one in the whole window. */
const underOne: Metric["of"] = ({ counts }) => (counts.windowMs > 0 ? 1000 / counts.windowMs : null);
const unknown: Metric["of"] = () => null;

/** A time: less is better, and a step without any says nothing. */
function time(name: string, of: Metric["of"], bestCase: Metric["bestCase"] = unknown): Metric {
  return { name, moreIsBetter: false, of, bestCase };
}

export const metrics: readonly Metric[] = [
  { name: "requests/s", moreIsBetter: true, of: ({ counts }) => counts.requestsPerSecond, bestCase: underOne },
  { name: "tokens/s", moreIsBetter: true, of: ({ counts }) => counts.tokensOutPerSecond, bestCase: underOne },
  time("TTFT p50", ({ counts }) => counts.ttft.p50Ms),
  time("TTFT p95", ({ counts }) => counts.ttft.p95Ms),
  time("response mean", ({ counts }) => counts.response.meanMs),
  time(
    "response p95",
    ({ counts }) => counts.response.p95Ms,
    ({ counts }) => counts.oldestUnfinishedMs,
  ),
  time("ITL p50", ({ counts }) => counts.itl.p50Ms),
  time("ITL p95", ({ counts }) => counts.itl.p95Ms),
  time("longest pause", ({ counts }) => counts.itl.maxMs),
];

/** One metric at one load: the base's figure over another side's. */
export interface CompareRatio {
  readonly other: string;
  readonly load: Load;
  readonly metric: string;
  /** Undefined where a side had no such figure in some round, nor a bound of it. */
  readonly ratio: Interval | undefined;
  /** Where the other side served nothing in some round: its best case was taken, and the ratio is a bound. */
  readonly bound: "at least" | "at most" | undefined;
}

/** Ratios within each round (its sides were measured minutes apart), combined over the rounds. */
export function ratiosOf(rounds: readonly CompareRound[], base: string): readonly CompareRatio[] {
  const others = [...new Set(rounds.map(({ side }) => side))].filter((side) => side !== base);
  const loads = rounds.find(({ side }) => side === base)?.steps.map(({ load }) => load) ?? [];
  return others.flatMap((other) =>
    loads.flatMap((load, index) =>
      metrics.map((metric) => {
        const pairs = pairsOf(rounds, base, other, index, metric);
        const ratio = ratioInterval(
          pairs.map(({ ours, theirs }) => [ours, theirs] as const),
          seededRandom(1),
        );
        const isBound = ratio !== undefined && pairs.some(({ isBestCase }) => isBestCase);
        const bound = isBound ? (metric.moreIsBetter ? "at least" : "at most") : undefined;
        return { other, load, metric: metric.name, ratio, bound } as const;
      }),
    ),
  );
}

function pairsOf(
  rounds: readonly CompareRound[],
  base: string,
  other: string,
  index: number,
  { of, bestCase }: Metric,
): readonly { readonly ours: number; readonly theirs: number; readonly isBestCase: boolean }[] {
  const stepOf = (side: string, round: number) =>
    rounds.find((one) => one.side === side && one.round === round)?.steps[index];
  return [...new Set(rounds.map(({ round }) => round))].flatMap((round) => {
    const [ours, theirs] = [stepOf(base, round), stepOf(other, round)];
    if (ours === undefined || theirs === undefined) return [];
    const measured = of(theirs) ?? 0;
    const isBestCase = measured === 0;
    return [{ ours: of(ours) ?? 0, theirs: isBestCase ? (bestCase(theirs) ?? 0) : measured, isBestCase }];
  });
}
