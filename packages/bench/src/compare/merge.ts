import { jsonOf } from "@drover/foundation/json-text";
import { BenchError } from "../errors.ts";
import { compareNotes } from "./notes.ts";
import { ratiosOf } from "./ratios.ts";
import type { CompareReport } from "./compare-report.ts";

/** A comparison that was read from a file. */
export interface NamedReport {
  /** The file, for messages. */
  readonly name: string;
  readonly report: CompareReport;
}

/**
 * Reads what `drover bench compare --json` has printed.
 * @throws BenchError `bad_option` where it is something else
 */
export function parseCompareReport(name: string, text: string): NamedReport {
  const parsed = jsonOf(text);
  if (typeof parsed === "object" && parsed !== null && "kind" in parsed && parsed.kind === "compare")
    return { name, report: parsed as CompareReport };
  throw new BenchError("bad_option", `${name} is no report of \`drover bench compare --json\``);
}

/**
 * One comparison out of several that were measured one after the other: other loads, or more rounds of the same ones.
 * @throws BenchError `bad_option` where they were not measured in the same way, and so can't be put together
 */
export function mergeReports(all: readonly NamedReport[]): CompareReport {
  const [first, ...others] = all;
  if (first === undefined) throw new BenchError("bad_option", "merge needs the files of at least one comparison");
  for (const other of others) requireAlike(first, other);
  // Sides are compared within a round, so rounds of different files must not meet under one number.
  let offset = 0;
  const rounds = all.flatMap(({ report }) => {
    const own = report.rounds.map((round) => ({ ...round, round: round.round + offset }));
    offset += 1 + Math.max(0, ...report.rounds.map(({ round }) => round));
    return own;
  });
  const { report } = first;
  return {
    ...report,
    rounds,
    ratios: ratiosOf(rounds),
    notes: [
      ...compareNotes(rounds, report.settings),
      ...(others.length === 0 ? [] : [`Put together from ${all.map(({ name }) => name).join(", ")}.`]),
    ],
    interrupted: all.some((one) => one.report.interrupted),
  };
}

/** What has to be the same in all; the seed may differ, and should where the same loads are measured again. */
function requireAlike(first: NamedReport, other: NamedReport): void {
  const wrong = ["preset", "sides", "machine", "slots", "settings"].find(
    (name) => identity(first.report, name) !== identity(other.report, name),
  );
  if (wrong === undefined) return;
  throw new BenchError(
    "bad_option",
    `${first.name} and ${other.name} can't be merged: their ${wrong} differ\n  ${identity(first.report, wrong)}\n  ${identity(other.report, wrong)}`,
  );
}

function identity({ preset, sides, machine, layout, settings }: CompareReport, name: string): string {
  const { seed: _seed, ...rest } = settings;
  // Which CPUs a worker has may change with the load.
  const slots = layout.map((worker) => worker.slots);
  const values: Readonly<Record<string, unknown>> = { preset, sides, machine, slots, settings: rest };
  return JSON.stringify(values[name]);
}
