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
}

export const metrics: readonly Metric[] = [
  { name: "requests/s", moreIsBetter: true, of: ({ counts }) => counts.requestsPerSecond },
  { name: "tokens/s", moreIsBetter: true, of: ({ counts }) => counts.tokensOutPerSecond },
  { name: "response p50", moreIsBetter: false, of: ({ counts }) => counts.response.p50Ms },
  { name: "response p95", moreIsBetter: false, of: ({ counts }) => counts.response.p95Ms },
  { name: "TTFT p95", moreIsBetter: false, of: ({ counts }) => counts.ttft.p95Ms },
  { name: "ITL p95", moreIsBetter: false, of: ({ counts }) => counts.itl.p95Ms },
];

/** One metric at one load: the base's figure over another side's. */
export interface CompareRatio {
  readonly other: string;
  readonly load: Load;
  readonly metric: string;
  /** Undefined where a side had no such figure in some round. */
  readonly ratio: Interval | undefined;
}

/** Ratios within each round (its sides were measured minutes apart), combined over the rounds. */
export function ratiosOf(rounds: readonly CompareRound[], base: string): readonly CompareRatio[] {
  const others = [...new Set(rounds.map(({ side }) => side))].filter((side) => side !== base);
  const loads = rounds.find(({ side }) => side === base)?.steps.map(({ load }) => load) ?? [];
  return others.flatMap((other) =>
    loads.flatMap((load, index) =>
      metrics.map(({ name, of }) => {
        const pairs = pairsOf(rounds, base, other, index, of);
        return { other, load, metric: name, ratio: ratioInterval(pairs, seededRandom(1)) };
      }),
    ),
  );
}

function pairsOf(
  rounds: readonly CompareRound[],
  base: string,
  other: string,
  index: number,
  of: Metric["of"],
): readonly (readonly [number, number])[] {
  const figure = (side: string, round: number) => {
    const step = rounds.find((one) => one.side === side && one.round === round)?.steps[index];
    return step === undefined ? undefined : (of(step) ?? 0);
  };
  return [...new Set(rounds.map(({ round }) => round))].flatMap((round) => {
    const [a, b] = [figure(base, round), figure(other, round)];
    return a === undefined || b === undefined ? [] : [[a, b] as const];
  });
}
