import type { KindCounts } from "../load/counts.ts";
import type { StepReport } from "../load/run-step.ts";

/** A figure that sides are compared by. */
export interface Metric {
  readonly name: string;
  /** Is a larger figure the better one? Such a figure is a rate, all others are times in milliseconds. */
  readonly moreIsBetter: boolean;
  readonly of: (step: StepReport) => number | null;
  /** For a step without this figure: what it can't be better than; null where that is not known. */
  readonly bestCase: (step: StepReport) => number | null;
}

/** Not one in the entire window. */
const underOne: Metric["of"] = ({ counts }) => (counts.windowMs > 0 ? 1000 / counts.windowMs : null);
const unknown: Metric["of"] = () => null;

const common: readonly Metric[] = [
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
  time("longest pause", ({ counts }) => counts.longestPauseMs),
];

/** Could a comparison have a figure of this name? Which kinds of requests there are shows only when it has run. */
export function isMetricName(name: string): boolean {
  const kind = /, (.+)$/.exec(name)?.[1];
  return (kind === undefined ? common : metricsOfKind(kind)).some((metric) => metric.name === name);
}

/** What the steps can be compared by: the figures of all requests, and those of each kind of request where there are several. */
export function metricsOf(steps: readonly StepReport[]): readonly Metric[] {
  const kinds = [...new Set(steps.flatMap(({ counts }) => counts.kinds.map(({ kind }) => kind)))].toSorted();
  return [...common, ...kinds.flatMap(metricsOfKind)];
}

const figuresOfKind: readonly (readonly [name: string, of: (counts: KindCounts) => number | null])[] = [
  ["TTFT p50", ({ ttft }) => ttft.p50Ms],
  ["TTFT p95", ({ ttft }) => ttft.p95Ms],
  ["longest pause", ({ longestPauseMs }) => longestPauseMs],
];

function metricsOfKind(kind: string): readonly Metric[] {
  return figuresOfKind.map(([name, of]) =>
    time(`${name}, ${kind}`, ({ counts }) => {
      const found = counts.kinds.find((one) => one.kind === kind);
      return found === undefined ? null : of(found);
    }),
  );
}

/** A time: less is better, and a step without any says nothing. */
function time(name: string, of: Metric["of"], bestCase: Metric["bestCase"] = unknown): Metric {
  return { name, moreIsBetter: false, of, bestCase };
}
