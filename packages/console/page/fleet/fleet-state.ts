import type { ConsoleState } from "@drover/contract/console-state";

/** What `/upstreams` says of a worker's slot, as far as it is shown. */
export interface SlotRow {
  readonly id: number;
  readonly n_ctx: number;
  readonly state: "idle" | "prefill" | "decoding";
  readonly kept_tokens: number;
  readonly prompt_tokens: number;
  readonly generated_tokens: number;
}

export interface UpstreamRow {
  readonly id: string;
  readonly ready: boolean;
  readonly active: number;
  readonly slots: readonly { readonly id: number; readonly is_processing: boolean }[];
  readonly worker?: readonly SlotRow[];
  readonly steps?: {
    readonly steps?: { readonly total: number; readonly decodeMs: number; readonly betweenMs: number };
    readonly tokens?: { readonly prompt: number; readonly generated: number };
  };
}

export interface SlotsState {
  readonly upstreams: readonly UpstreamRow[];
  readonly queue: { readonly depth: number; readonly limit: number };
}

/** Sums over the labels of each metric, by name. */
export type MetricSums = ReadonlyMap<string, number>;

export interface FleetState {
  /** On the page's monotonic clock. */
  readonly atMs: number;
  readonly console: ConsoleState;
  readonly slots: SlotsState;
  readonly metrics: MetricSums;
}

/** Reads Prometheus's text format (`name{labels} value`). */
export function readMetrics(text: string): MetricSums {
  const sums = new Map<string, number>();
  for (const line of text.split("\n")) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{[^}]*\})? (\S+)/u.exec(line);
    const value = Number(match?.[2]);
    if (match?.[1] !== undefined && Number.isFinite(value)) sums.set(match[1], (sums.get(match[1]) ?? 0) + value);
  }
  return sums;
}
