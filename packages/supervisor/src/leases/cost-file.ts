import { createHash } from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { cacheFolder } from "@drover/foundation/user-folders";
import type { WorkerOptions } from "@drover/contract/worker-options";
import type { CostTables } from "./plan-load.ts";

/** What step costs depend on, beside the machine. */
export type CostShape = Pick<WorkerOptions, "modelPath" | "slots" | "batchTokens" | "kvType" | "flashAttention">;

/** Several writes may be under way: the last one that ends counts, as a file that is complete. */
let writes = 0;

/** Keeps the tables that workers measured, so that `drover plan` can show what they mean before anything is started. */
export async function storeCosts(shape: CostShape, tables: CostTables): Promise<void> {
  const file = await costFile(shape);
  await mkdir(dirname(file), { recursive: true });
  const own = `${file}.${process.pid}.${++writes}`;
  await writeFile(own, JSON.stringify([...tables]));
  await rename(own, file);
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

type Table = readonly [number, readonly { readonly tokens: number; readonly ms: number }[]];

function isTable(entry: unknown): entry is Table {
  return Array.isArray(entry) && typeof entry[0] === "number" && Array.isArray(entry[1]) && entry[1].every(isPoint);
}

function isPoint(point: unknown): boolean {
  const { tokens, ms } = (point ?? {}) as { readonly tokens?: unknown; readonly ms?: unknown };
  return typeof tokens === "number" && typeof ms === "number" && ms > 0;
}

async function costFile({ modelPath, slots, batchTokens, kvType, flashAttention }: CostShape): Promise<string> {
  const { size, mtimeMs } = await stat(modelPath);
  const parts = { size, mtimeMs, slots, batchTokens, kvType, flashAttention, cpu: cpus()[0]?.model ?? "unknown" };
  const name = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
  return join(cacheFolder(), "load-costs", `${name}.json`);
}
