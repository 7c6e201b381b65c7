import { BenchError } from "../errors.ts";
import { type Interval, intervalText } from "../statistics/bootstrap.ts";
import { isMetricName } from "./metrics.ts";
import { loadsOf, ratioAt } from "./ratios.ts";
import type { CompareReport } from "./compare-report.ts";
import { amountOf } from "../load/load.ts";

/** What Drover's figure over the other side's should be, such as `TTFT p95 <= 0.6 at 8,12,16`. */
export interface Expectation {
  /** As the user wrote it. */
  readonly text: string;
  readonly metric: string;
  readonly atLeast: number | undefined;
  readonly atMost: number | undefined;
  /** Users (or requests a second) that it is about; `each`: all that were measured; `overall`: the mean over them. */
  readonly at: readonly number[] | "each" | "overall";
}

/** How one expectation stands against one other side at one load. */
export interface Verdict {
  readonly expectation: string;
  readonly other: string;
  /** Undefined: over all loads. */
  readonly amount: number | undefined;
  /** Undefined: it was not measured. */
  readonly ratio: Interval | undefined;
  readonly isMet: boolean;
}

const FORM = /^(.+?)\s*(>=|<=)\s*(\d+(?:\.\d+)?)(?:\s+(?:at\s+(\d+(?:\.\d+)?(?:\s*,\s*\d+(?:\.\d+)?)*)|(overall)))?$/;

/**
 * Reads `requests/s >= 1.05 overall`, `TTFT p95 <= 0.6 at 8,12`, `longest pause, streams <= 0.5`.
 * @throws BenchError `bad_option` for anything else
 */
export function parseExpectation(text: string): Expectation {
  const match = FORM.exec(text.trim());
  const [, metric = "", sign, limit, amounts, overall] = match ?? [];
  if (match === null)
    throw new BenchError(
      "bad_option",
      `--expect "${text}": write it as 'requests/s >= 1.05 overall' or 'TTFT p95 <= 0.6 at 8,12'`,
    );
  if (!isMetricName(metric)) throw new BenchError("bad_option", `--expect "${text}": there is no figure "${metric}"`);
  return {
    text: text.trim(),
    metric,
    atLeast: sign === ">=" ? Number(limit) : undefined,
    atMost: sign === "<=" ? Number(limit) : undefined,
    at: overall === undefined ? (amounts?.split(",").map(Number) ?? "each") : "overall",
  };
}

/** Judges a comparison: each expectation against each other side, at each of its loads. */
export function judgeExpectations(report: CompareReport, expectations: readonly Expectation[]): readonly Verdict[] {
  const others = report.sides.slice(1).map(({ name }) => name);
  return expectations.flatMap((expectation) =>
    others.flatMap((other) =>
      amountsOf(report, expectation).map((amount) => judge(report, expectation, other, amount)),
    ),
  );
}

/** One line for each verdict. */
export function verdictText({ expectation, other, amount, ratio, isMet }: Verdict): string {
  const where = amount === undefined ? "over all loads" : `at ${amount}`;
  const found = ratio === undefined ? "not measured" : intervalText(ratio, (figure) => figure.toFixed(3));
  return `${isMet ? "pass" : "FAIL"}  ${expectation}: ${found} ${where}, over ${other}`;
}

function amountsOf({ rounds }: CompareReport, { at }: Expectation): readonly (number | undefined)[] {
  if (at === "overall") return [undefined];
  if (at !== "each") return at;
  return loadsOf(rounds).map(amountOf);
}

function judge(
  { ratios }: CompareReport,
  { text, metric, atLeast, atMost }: Expectation,
  other: string,
  amount: number | undefined,
): Verdict {
  const ratio = ratioAt(ratios, other, metric, amount)?.ratio;
  const isMet =
    ratio !== undefined &&
    (atLeast === undefined || ratio.value >= atLeast) &&
    (atMost === undefined || ratio.value <= atMost);
  return { expectation: text, other, amount, ratio, isMet };
}
