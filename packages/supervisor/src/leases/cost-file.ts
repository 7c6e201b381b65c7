import { readFile, stat } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { cacheFile, writeCacheFile } from "@drover/foundation/files/cache-file";
import { cacheFolder } from "@drover/foundation/files/user-folders";
import type { CostPoint } from "@drover/contract/step-costs";
import type { WorkerOptions } from "@drover/contract/worker-options";
import type { CostTables } from "./plan-load.ts";

/** What step costs depend on, beside the machine. */
export type CostShape = Pick<WorkerOptions, "modelPath" | "slots" | "batchTokens" | "kvType" | "flashAttention">;

/** Keeps the tables that workers measured, so that `drover plan` can show what they mean before anything is started. */
export async function storeCosts(shape: CostShape, tables: CostTables): Promise<void> {
  await writeCacheFile(await costFile(shape), [...tables]);
}

/** Empty where none are known. */
export async function readCosts(shape: CostShape): Promise<CostTables> {
  try {
    const stored: unknown = JSON.parse(await readFile(await costFile(shape), "utf8"));
    return new Map(Array.isArray(stored) ? stored.filter(isTable) : []);
  } catch {
    return new Map();
  }
}

function isTable(entry: unknown): entry is readonly [number, readonly CostPoint[]] {
  return Array.isArray(entry) && typeof entry[0] === "number" && isPoints(entry[1]);
}

function isPoints(points: unknown): points is readonly CostPoint[] {
  return Array.isArray(points) && points.length > 0 && points.every(isPoint);
}

function isPoint(point: unknown): boolean {
  const { tokens, ms } = (point ?? {}) as { readonly tokens?: unknown; readonly ms?: unknown };
  return typeof tokens === "number" && typeof ms === "number" && ms > 0;
}

async function costFile({ modelPath, slots, batchTokens, kvType, flashAttention }: CostShape): Promise<string> {
  const { size, mtimeMs } = await stat(modelPath);
  const parts = { size, mtimeMs, slots, batchTokens, kvType, flashAttention, cpu: cpus()[0]?.model ?? "unknown" };
  return cacheFile(join(cacheFolder(), "load-costs"), parts);
}
