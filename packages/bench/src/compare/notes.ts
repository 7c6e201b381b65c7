import { runNotes, stepNotes } from "../load/step-notes.ts";
import type { PlanSettings } from "../plan/load-plan.ts";
import type { CompareRound } from "./compare-report.ts";

/** Everything about a comparison that would mislead who reads the ratios only. */
export function compareNotes(rounds: readonly CompareRound[], settings: PlanSettings): readonly string[] {
  const count = new Set(rounds.map(({ round }) => round)).size;
  const steps = rounds.flatMap((round) => round.steps);
  const ofSteps = rounds.flatMap((round) => round.steps.flatMap(stepNotes).map((note) => `${round.side}, ${note}`));
  return [
    `A ratio is Drover's figure over the other side's: the geometric mean of ${count} rounds, with a 95% bootstrap interval over the rounds. A side's own figures are medians of its rounds.`,
    ...(count < 3 ? ["With fewer than three rounds the intervals mean little."] : []),
    ...(settings.responses === undefined
      ? [
          "A step begins to count when as many requests have ended as there are users, and counts longer where too few end: each side's responses and seconds stand beside its figures.",
        ]
      : []),
    ...runNotes(steps, settings),
    ...onceEach(ofSteps),
  ];
}

/** Of notes that differ in their figures only, as those of several rounds do, the first. */
function onceEach(notes: readonly string[]): readonly string[] {
  const seen = new Map<string, string>();
  for (const note of notes) {
    const [where = "", ...what] = note.split(": ");
    const key = `${where}: ${what.join(": ").replaceAll(/\d+/g, "")}`;
    if (!seen.has(key)) seen.set(key, note);
  }
  return [...seen.values()];
}
