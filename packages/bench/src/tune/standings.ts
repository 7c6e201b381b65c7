import type { Random } from "../random.ts";
import { type Interval, meanInterval } from "../statistics/bootstrap.ts";
import { type Candidate, candidateName, extrasOf } from "./candidate.ts";

/** One measurement of one candidate. */
export interface Score {
  readonly tokensPerSecond: number;
  readonly requestsPerSecond: number;
  readonly responseP95Ms: number | null;
  readonly ttftP95Ms: number | null;
  readonly itlP95Ms: number | null;
  readonly rssBytes: number;
  /** Requests failed, or the user's target was missed: it can't win against one that served well. */
  readonly unfit: string | undefined;
}

/** All that is known of one candidate. */
export interface Standing {
  readonly name: string;
  readonly candidate: Candidate;
  readonly scores: readonly Score[];
  /** Tokens a second; undefined where it never ran. */
  readonly throughput: Interval | undefined;
  /** Why it is out: it did not start, failed requests, or missed the target. */
  readonly unfit: string | undefined;
}

/** Differences smaller than this are not worth another configuration. */
export const TIE = 0.03;

export function standingOf(
  candidate: Candidate,
  scores: readonly Score[],
  failure: string | undefined,
  random: Random,
): Standing {
  const values = scores.map(({ tokensPerSecond }) => tokensPerSecond);
  const unfit = scores.filter((score) => score.unfit !== undefined);
  return {
    name: candidateName(candidate),
    candidate,
    scores,
    throughput: values.length === 0 ? undefined : meanInterval([values], random),
    // One bad measurement of several may be chance.
    unfit: failure ?? (unfit.length * 2 > scores.length ? unfit[0]?.unfit : undefined),
  };
}

/** Best first; the unfit last. */
export function rank(standings: readonly Standing[]): readonly Standing[] {
  const value = (standing: Standing) => (standing.unfit === undefined ? (standing.throughput?.value ?? -1) : -1);
  return standings.toSorted((a, b) => value(b) - value(a));
}

/**
 * Successive halving (Jamieson and Talwalkar 2016): after each round at most half go on, and of these none whose mean is
 * farther below the best than noise explains. The fewer measurements, the more is forgiven.
 */
export function survivors(standings: readonly Standing[], round: number): readonly Standing[] {
  const ranked = rank(standings).filter(({ unfit, throughput }) => unfit === undefined && throughput !== undefined);
  const best = ranked[0]?.throughput?.value ?? 0;
  const forgiven = [0.25, 0.12, 0.06][round] ?? TIE;
  const half = Math.max(2, Math.ceil(ranked.length / 2));
  return ranked.slice(0, half).filter(({ throughput }) => (throughput?.value ?? 0) >= best * (1 - forgiven));
}

/**
 * The pick: among those within {@link TIE} of the best, the one with the fewest settings changed from the defaults, then
 * the one with the shorter responses' p95, then the one with less memory.
 */
export function pick(standings: readonly Standing[]): Standing | undefined {
  const ranked = rank(standings).filter(({ unfit, throughput }) => unfit === undefined && throughput !== undefined);
  const best = ranked[0]?.throughput?.value ?? 0;
  // One measurement alone may be luck: where others were repeated, it needs to have been repeated too.
  const most = Math.max(0, ...ranked.map(({ scores }) => scores.length));
  const sure = ranked.filter(({ scores }) => scores.length >= Math.min(2, most));
  const tied = sure.filter(({ throughput }) => (throughput?.value ?? 0) >= best * (1 - TIE));
  return (tied.length > 0 ? tied : sure).toSorted(
    (a, b) =>
      extrasOf(a.candidate).length - extrasOf(b.candidate).length ||
      median(a.scores.map((score) => score.responseP95Ms)) - median(b.scores.map((score) => score.responseP95Ms)) ||
      median(a.scores.map((score) => score.rssBytes)) - median(b.scores.map((score) => score.rssBytes)),
  )[0];
}

function median(values: readonly (number | null)[]): number {
  const sorted = values.map((value) => value ?? Number.MAX_VALUE).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.MAX_VALUE;
}
