import type { Settings } from "@drover/config";
import { usesFlashAttention } from "@drover/contract/worker-options";
import { parseRange } from "@drover/foundation/ranges";
import { estimateMemory, type MemoryEstimate, type ModelInfo } from "@drover/models";
import { bindMemory, spareOnNodes } from "./bind-memory.ts";
import { layOut, type Layout, type LayoutDemand } from "./layout.ts";
import { budgetMemory, type MemoryBudget, type MemoryNeed } from "./memory-budget.ts";
import type { SharedMemory } from "./shared-memory.ts";
import { type SnapshotDemand, demandSnapshots } from "./snapshot-demand.ts";
import { isElastic, withLeases } from "./lease-domains.ts";
import type { Topology } from "./topology.ts";

/** What Drover would start: where, why, and whether it fits. */
export interface Plan {
  readonly topology: Topology;
  readonly layout: Layout;
  /** Slots, context and batch of each worker. */
  readonly shape: WorkerShape;
  readonly model: ModelInfo;
  readonly need: MemoryNeed;
  readonly budget: MemoryBudget;
  readonly snapshots: SnapshotDemand;
}

export interface WorkerShape {
  readonly slots: number;
  readonly contextTokens: number;
  readonly batchTokens: number;
  readonly kvType: "f16" | "q8_0" | "q4_0";
}

/** `auto` slots of workers with CPUs of their own. */
export const AUTO_SLOTS = 8;
/**
 * `auto` slots of workers whose CPUs follow the load, the most first: one of them takes the normal load alone. As many as
 * {@link AMPLE_SLOTS} are for the crowd; they may take memory only where half of it stays free.
 */
const ELASTIC_SLOTS = [24, 16, AUTO_SLOTS] as const;
const AMPLE_SLOTS = 24;
/** The longest context that `auto` gives a slot; the engine's own default. */
const LARGEST_AUTO_CONTEXT = 4096;

/**
 * Plans by the settings: the workers' placements, what they need and what is free. `auto` slots are as many as leave all workers and some snapshots their memory,
 * `auto` workers and a range `2..8` are cut to what memory holds; `budget.fits` says whether what was planned fits. Snapshots get what the workers leave, unless
 * their size was asked for.
 */
export function makePlan(
  topology: Topology,
  settings: Pick<Settings, "workers">,
  model: ModelInfo,
  shared: SharedMemory,
): Plan {
  const choices = slotChoices(settings);
  const plans = choices.map((slots) => planWith(slots, { topology, settings, model, shared }));
  return (plans.find(isRoomy) ?? plans.at(-1)) as Plan;
}

function slotChoices(settings: Pick<Settings, "workers">): readonly number[] {
  const { slots } = settings.workers;
  if (slots !== "auto") return [slots];
  return isElastic(settings) ? ELASTIC_SLOTS : [AUTO_SLOTS];
}

function isRoomy({ layout, budget, snapshots, shape }: Plan): boolean {
  const hasSnapshots = snapshots.mostBytes === 0 || budget.snapshotBytes > 0;
  const workerBytes = budget.neededBytes - budget.snapshotBytes;
  const isAmple = shape.slots < AMPLE_SLOTS || workerBytes <= budget.freeBytes / 2;
  return budget.fits && hasSnapshots && layout.isCut !== true && isAmple;
}

function planWith(slots: number, { topology, settings, model, shared }: PlanGround): Plan {
  const snapshots = demandSnapshots(settings, shared, topology.memory);
  const { workers, threads } = layoutDemand(settings);
  const shape = shapeOf(settings, model, slots);
  const need = needFor(settings, model, { shape, processor: topology.processor });
  const [least] = wantedWorkers(settings.workers.count);
  const first = layOut(topology, { workers, threads });
  const most = budgetMemory(need, topology.memory, 1, snapshots).mostWorkers;
  const isCut = least <= most && most < first.placements.length;
  const cut = isCut ? layOut(topology, { workers: most, threads }) : first;
  const reasons = isCut ? [...cut.reasons, `memory holds ${most} of ${first.placements.length} workers`] : cut.reasons;
  const workerBytes = need.perWorker.totalBytes;
  const fixed = bindMemory({ ...cut, reasons, isCut }, topology.nodes, workerBytes, snapshots.leastBytes);
  const layout = withSlots(isElastic(settings) ? withLeases(fixed, topology) : fixed, slots);
  const mostBytes = Math.min(snapshots.mostBytes, spareOnNodes(layout, topology.nodes, workerBytes));
  const budget = budgetMemory(need, topology.memory, cut.placements.length, { ...snapshots, mostBytes });
  return { topology, layout, shape, model, need, budget, snapshots };
}

interface PlanGround {
  readonly topology: Topology;
  readonly settings: Pick<Settings, "workers">;
  readonly model: ModelInfo;
  readonly shared: SharedMemory;
}

function withSlots(layout: Layout, slots: number): Layout {
  return { ...layout, placements: layout.placements.map((placement) => ({ ...placement, slots })) };
}

/** What the settings want of {@link layOut}; of a range, the most. */
export function layoutDemand({ workers: { count, threads } }: Pick<Settings, "workers">): LayoutDemand {
  const [, workers] = wantedWorkers(count);
  return { workers, threads };
}

/** The fewest workers that will do, and how many are asked for. `2..8` starts from a range. */
function wantedWorkers(count: Settings["workers"]["count"]): readonly [least: number, wanted: number | "auto"] {
  if (count === "auto") return [1, count];
  if (typeof count === "number") return [count, count];
  const { min, max } = parseRange(count) ?? { min: 1, max: 1 };
  return [min, max];
}

/** What one worker needs by the settings, on a processor by Node's name of it. */
export function needOf(settings: Pick<Settings, "workers">, model: ModelInfo, processor: string): MemoryEstimate {
  const [slots = AUTO_SLOTS] = slotChoices(settings);
  return needFor(settings, model, { shape: shapeOf(settings, model, slots), processor });
}

function needFor(
  settings: Pick<Settings, "workers">,
  model: ModelInfo,
  { shape, processor }: { readonly shape: WorkerShape; readonly processor: string },
): MemoryEstimate {
  const flashAttention = usesFlashAttention(settings.workers);
  return estimateMemory(model, { ...shape, workers: 1, flashAttention, processor });
}

function shapeOf({ workers }: Pick<Settings, "workers">, model: ModelInfo, slots: number): WorkerShape {
  const { context, batch, kvType } = workers;
  const trained = model.contextTokens > 0 ? model.contextTokens : LARGEST_AUTO_CONTEXT;
  return {
    slots,
    contextTokens: context === "auto" ? Math.min(trained, LARGEST_AUTO_CONTEXT) : context,
    batchTokens: batch,
    kvType,
  };
}
