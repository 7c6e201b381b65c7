import { systemClock } from "@drover/foundation/clock";
import { plural } from "@drover/foundation/texts";
import type { LoadPlan } from "./load-plan.ts";

/** How long a run will take, which its user wants to know before, and while it goes on. */
export interface Schedule {
  /** How much time is left, as text. */
  left(): string;
  /** One part of the run is over. */
  done(): void;
}

/** Servers load models at very different speeds; this is for the first estimate only. */
const USUAL_START_MS = 15_000;

/** @param parts of the run, each of which puts all loads of the plan on a server that it starts */
export function createSchedule(plan: LoadPlan, parts: number): Schedule {
  const startMs = systemClock.monotonicMs();
  let over = 0;
  return {
    left() {
      if (over > 0) return `about ${inWords(((systemClock.monotonicMs() - startMs) / over) * (parts - over))} left`;
      const plannedMs = plannedStepsMs(plan);
      return plannedMs === undefined
        ? "how long it takes shows after the first part"
        : `about ${inWords(parts * (plannedMs + USUAL_START_MS))} in all`;
    },
    done() {
      over += 1;
    },
  };
}

/** What a plan comes to, for a user who waits for it. */
export function durationText(plan: LoadPlan): string {
  const steps = plural(plan.loads.length, "step");
  const plannedMs = plannedStepsMs(plan);
  return plannedMs === undefined
    ? `${steps} of ${plan.responses} requests after each user's first; how long they take is up to the server`
    : `${steps}, about ${inWords(plannedMs)}`;
}

/** How long the steps of a plan take; undefined where only the server decides. */
function plannedStepsMs({ responses, loads, warmupMs, durationMs }: LoadPlan): number | undefined {
  return responses === undefined ? loads.length * (warmupMs + durationMs) : undefined;
}

/** Seconds up to two minutes, then minutes. */
function inWords(ms: number): string {
  return ms < 120_000 ? `${Math.max(1, Math.round(ms / 1000))} s` : `${Math.round(ms / 60_000)} min`;
}
