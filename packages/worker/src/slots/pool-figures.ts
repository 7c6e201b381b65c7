import type { WorkerSettings } from "@drover/contract/worker-options";
import type { PromptSource } from "@drover/contract/request-report";
import type { WorkerFigures } from "@drover/contract/worker-figures";
import { sum } from "@drover/foundation/sums";
import type { Slot } from "../batching/slot.ts";
import { isAsked } from "./ahead-prompts.ts";
import type { StepMeter } from "../batching/step-meter.ts";
import type { StepCosts } from "@drover/contract/step-costs";
import type { SnapshotStore } from "../state/snapshot-store.ts";

/** Prompts that were given a slot, by where their beginning came from, and what that saved. */
export class PromptSources {
  readonly counts: Record<PromptSource, number> = { slot: 0, copy: 0, snapshot: 0, nothing: 0 };
  cachedTokens = 0;

  count(source: PromptSource, cachedTokens: number): void {
    this.counts[source] += 1;
    this.cachedTokens += cachedTokens;
  }
}

/** What the worker sends with its heartbeat. */
export function poolFigures(
  slots: readonly Slot[],
  meter: StepMeter,
  more: {
    readonly sources: PromptSources;
    readonly queued: number;
    readonly contextTokens: number;
    readonly snapshots: SnapshotStore | undefined;
  },
): WorkerFigures {
  const { saved = 0, loaded = 0, savedBytes = 0, loadedBytes = 0 } = more.snapshots?.facts() ?? {};
  const running = slots.filter(isAsked);
  const kept = slots.filter((slot) => !isAsked(slot));
  const { sizes } = meter;
  return {
    tokens: {
      prompt: meter.promptTokens,
      cached: more.sources.cachedTokens,
      completion: meter.generatedTokens,
      drafted: meter.drafted,
      draft_held: meter.draftsHeld,
    },
    steps: Object.fromEntries([...sizes].map(([key, { steps }]) => [key, steps])),
    stepSeconds: Object.fromEntries([...sizes].map(([key, { ms }]) => [key, ms / 1000])),
    prompts: { ...more.sources.counts },
    snapshots: { saved, loaded },
    snapshotBytes: { saved: savedBytes, loaded: loadedBytes },
    running: { "": running.length },
    waiting: { "": more.queued },
    slots: { "": slots.length },
    kvTokens: { used: heldTokens(running), kept: heldTokens(kept) },
    kvCapacity: { "": slots.length * more.contextTokens },
  };
}

/** For who looks into one worker. @param moves exchanges of two sequences */
export function poolFacts(
  meter: StepMeter,
  parts: {
    readonly snapshots?: SnapshotStore;
    readonly costs: StepCosts | undefined;
    readonly settings: WorkerSettings;
  },
  moves: number,
): Readonly<Record<string, unknown>> {
  const { steps, splitSteps, decodeMs, betweenMs, longestBetweenCpuMs, slowness } = meter;
  return {
    steps: { total: steps, split: splitSteps, decodeMs, betweenMs, longestBetweenCpuMs, slowness },
    tokens: { prompt: meter.promptTokens, generated: meter.generatedTokens },
    drafts: { tried: meter.drafted, held: meter.draftsHeld },
    snapshots: parts.snapshots?.facts() ?? null,
    moves,
    stepCosts: parts.costs?.points ?? null,
    longestPauseMs: parts.settings.longestPauseMs,
  };
}

function heldTokens(slots: readonly Slot[]): number {
  return sum(slots.map(({ evaluated }) => evaluated));
}
