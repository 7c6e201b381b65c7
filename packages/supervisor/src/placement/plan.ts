import type { Settings } from "@drover/config";
import { parseRange } from "@drover/foundation/ranges";
import { estimateMemory, type MemoryEstimate, type ModelInfo } from "@drover/models";
import { bindMemory, spareOnNodes } from "./bind-memory.ts";
import { layOut, type Layout, type LayoutWish } from "./layout.ts";
import { budgetMemory, type MemoryBudget, type MemoryNeed } from "./memory-budget.ts";
import type { SharedMemory } from "./shared-memory.ts";
import { type SnapshotWish, wishSnapshots } from "./snapshot-wish.ts";
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
  readonly snapshots: SnapshotWish;
}

export interface WorkerShape {
  readonly slots: number;
  readonly contextTokens: number;
  readonly batchTokens: number;
  readonly kvType: "f16" | "q8_0" | "q4_0";
}

/** `auto` slots. */
export const AUTO_SLOTS = 8;
/** The longest context that `auto` gives a slot; the engine's own default. */
const LARGEST_AUTO_CONTEXT = 4096;
/** Up to here `auto` leaves flash attention off; see the engine. */
const LONGEST_EXACT_CONTEXT = 8192;

/**
 * Plans by the settings: the workers' places, what they need and what is free. `auto` workers and a range `2..8` are cut to what memory holds; `budget.fits`
 * says whether what was planned fits. Snapshots get what the workers leave, unless their size was asked for.
 */
export function makePlan(
  topology: Topology,
  settings: Pick<Settings, "workers">,
  model: ModelInfo,
  shared: SharedMemory,
): Plan {
  const snapshots = wishSnapshots(settings, shared, topology.memory);
  const { workers, threads } = layoutWish(settings);
  const shape = shapeOf(settings, model);
  const need = needOf(settings, model, topology.processor);
  const [least] = wantedWorkers(settings.workers.count);
  const first = layOut(topology, { workers, threads });
  const most = budgetMemory(need, topology.memory, 1, snapshots).mostWorkers;
  const isCut = least <= most && most < first.places.length;
  const cut = isCut ? layOut(topology, { workers: most, threads }) : first;
  const reasons = isCut ? [...cut.reasons, `memory holds ${most} of ${first.places.length} workers`] : cut.reasons;
  const workerBytes = need.perWorker.totalBytes;
  const fixed = bindMemory({ ...cut, reasons }, topology.nodes, workerBytes, snapshots.leastBytes);
  const layout = isElastic(settings) ? withLeases(fixed, topology) : fixed;
  const mostBytes = Math.min(snapshots.mostBytes, spareOnNodes(layout, topology.nodes, workerBytes));
  const budget = budgetMemory(need, topology.memory, cut.places.length, { ...snapshots, mostBytes });
  return { topology, layout, shape, model, need, budget, snapshots };
}

/** What the settings want of {@link layOut}; of a range, the most. */
export function layoutWish({ workers: { count, threads } }: Pick<Settings, "workers">): LayoutWish {
  const [, workers] = wantedWorkers(count);
  return { workers, threads };
}

/** The fewest workers that will do, and how many are wished for. `2..8` starts from a range. */
function wantedWorkers(count: Settings["workers"]["count"]): readonly [least: number, wanted: number | "auto"] {
  if (count === "auto") return [1, count];
  if (typeof count === "number") return [count, count];
  const { min, max } = parseRange(count) ?? { min: 1, max: 1 };
  return [min, max];
}

/** What one worker needs by the settings, on a processor by Node's name of it. */
export function needOf(settings: Pick<Settings, "workers">, model: ModelInfo, processor: string): MemoryEstimate {
  const shape = shapeOf(settings, model);
  const flashAttention = usesFlashAttention(settings, shape);
  return estimateMemory(model, { ...shape, workers: 1, flashAttention, processor });
}

function shapeOf({ workers }: Pick<Settings, "workers">, model: ModelInfo): WorkerShape {
  const { slots, context, batch, kvType } = workers;
  const trained = model.contextTokens > 0 ? model.contextTokens : LARGEST_AUTO_CONTEXT;
  return {
    slots: slots === "auto" ? AUTO_SLOTS : slots,
    contextTokens: context === "auto" ? Math.min(trained, LARGEST_AUTO_CONTEXT) : context,
    batchTokens: batch,
    kvType,
  };
}

function usesFlashAttention({ workers }: Pick<Settings, "workers">, shape: WorkerShape): boolean {
  if (workers.flashAttention !== "auto") return workers.flashAttention === "on";
  return shape.kvType !== "f16" || shape.contextTokens > LONGEST_EXACT_CONTEXT;
}
