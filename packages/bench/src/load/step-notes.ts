import { BUSY_PERCENT, LATE_MS } from "./own-load.ts";
import type { StepReport } from "./run-step.ts";
import { loadName } from "./load.ts";

/** How the windows of the steps were set. */
export interface WindowSettings {
  readonly warmupMs: number;
  readonly responses: number | undefined;
}

/** Everything about the steps that would mislead who reads the figures only. */
export function notesOf(steps: readonly StepReport[], plan: WindowSettings): readonly string[] {
  return [...runNotes(steps, plan), ...steps.flatMap(stepNotes)];
}

/** What is true of all steps. */
export function runNotes(steps: readonly StepReport[], plan: WindowSettings): readonly string[] {
  return [
    ...(steps.some(({ load }) => "perSecond" in load)
      ? ["Open loop: latencies count from each request's intended arrival, so waits caused by overload are in them."]
      : [
          "Closed loop: users wait for the target, so a slow target gets fewer requests; --rate measures at a fixed rate.",
        ]),
    plan.responses === undefined
      ? `The first ${plan.warmupMs / 1000} s of each step are left out.`
      : `Each step's window begins when every user's first request has ended, and ends with the last of the ${plan.responses} requests that end next.`,
    ...(steps.some(({ counts }) => counts.tokensAreChunks && counts.ok > 0)
      ? ["The target sends no usage: tokens are counted as streamed chunks."]
      : []),
  ];
}

/** Of one CPU; less than this is what any machine does beside. */
const FOREIGN_PERCENT = 15;

/** Of one CPU: what neither the target nor this process has used; 0 where the target's processes are not known. */
export function foreignCpuPercent({ own, processes }: Pick<StepReport, "own" | "processes">): number {
  if (processes.length === 0) return 0;
  const watched = processes.reduce((sum, { meanCpuPercent }) => sum + meanCpuPercent, 0);
  return Math.max(0, own.machineCpuPercent - own.cpuPercent - watched);
}

/** What would mislead about one step. */
export function stepNotes({ load, counts, own, processes }: StepReport): readonly string[] {
  const name = loadName(load);
  const notes: string[] = [];
  if (own.cpuPercent > BUSY_PERCENT)
    notes.push(
      `${name}: the load generator itself was busy (${own.cpuPercent.toFixed(0)}% of a CPU): the figures are its limit, not the target's.`,
    );
  if (own.lateP99Ms > LATE_MS)
    notes.push(
      `${name}: the load generator had to wait for a CPU (up to ${own.lateP99Ms.toFixed(0)} ms): times between tokens are blurred by as much.`,
    );
  const foreign = foreignCpuPercent({ own, processes });
  if (foreign > FOREIGN_PERCENT)
    notes.push(
      `${name}: other processes of this machine took ${foreign.toFixed(0)}% of a CPU meanwhile; repeat the run on a quiet machine.`,
    );
  if (own.lateMaxMs > 1000)
    notes.push(`${name}: the load generator stood still for ${(own.lateMaxMs / 1000).toFixed(1)} s; repeat the run.`);
  if (counts.ok === 0) notes.push(`${name}: no request succeeded.`);
  if (counts.ok > 0 && counts.ok < 20)
    notes.push(`${name}: only ${counts.ok} responses were counted; p95 and p99 mean little. Measure longer.`);
  if ("perSecond" in load && counts.unfinished > 0)
    notes.push(
      `${name}: ${counts.unfinished} requests had no response in the end; the target does not keep up, and the latencies are lower bounds.`,
    );
  return notes;
}
