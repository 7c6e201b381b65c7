import { ratiosOf } from "../compare/ratios.ts";
import type { CompareReport } from "../compare/compare-report.ts";
import { sampleReport } from "./sample-report.ts";

/** One round of Drover and llama-server. @param rates by users: the requests/s of the two */
export function sampleCompare(
  rates: Readonly<Record<number, readonly [drover: number, other: number]>>,
): CompareReport {
  const { machine, startedAt, settings, steps } = sampleReport();
  const [step] = steps;
  if (step === undefined) throw new Error("the sample has no step");
  const stepsOf = (side: 0 | 1) =>
    Object.entries(rates).map(([users, both]) => ({
      ...step,
      load: { users: Number(users) },
      counts: { ...step.counts, requestsPerSecond: both[side] },
    }));
  const sides = [
    { name: "drover", doc: "drover up" },
    { name: "llama-server", doc: "llama-server -t 2" },
  ];
  const rounds = sides.map(({ name }, index) => ({ side: name, round: 0, steps: stepsOf(index === 0 ? 0 : 1) }));
  return {
    kind: "compare",
    startedAt,
    machine,
    preset: "ask",
    settings,
    layout: [{ cpus: [0], slots: 8 }],
    sides,
    rounds,
    ratios: ratiosOf(rounds),
    notes: [],
    interrupted: false,
  };
}
