import type { LogEntry } from "../support/drover-process.ts";

/** From the moment a worker was lost to its being ready again. */
export interface Recovery {
  /** Why it was lost, without figures. */
  readonly cause: string;
  readonly tookMs: number;
}

/** Reads them from the log of a drover: a worker is lost when it leaves `ready` unasked. */
export function recoveries(entries: readonly LogEntry[]): readonly Recovery[] {
  const lost = new Map<unknown, { readonly at: number; readonly cause: string }>();
  const found: Recovery[] = [];
  for (const { worker, from, to, event, reason, time } of entries) {
    const isLost = from === "ready" && (event === "crashed" || event === "hung");
    if (isLost) lost.set(worker, { at: Number(time), cause: String(reason).replaceAll(/\d+/g, "N").slice(0, 60) });
    const before = lost.get(worker);
    if (to !== "ready" || before === undefined) continue;
    found.push({ cause: before.cause, tookMs: Number(time) - before.at });
    lost.delete(worker);
  }
  return found;
}

/** The value below which `share` of `values` lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
