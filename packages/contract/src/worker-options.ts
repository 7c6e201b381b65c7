import type { WorkerSettings } from "@drover/config/worker-settings";
import { PROTOCOL_VERSION } from "./ipc.ts";

/**
 * What a worker is started with: the one command-line argument of `main.js`, as JSON (see {@link workerArguments}). Settings whose row names
 * a worker option are options by that name; those below come from elsewhere.
 */
export interface WorkerOptions extends Partial<WorkerSettings> {
  /** A GGUF file; for a split model its first part. */
  readonly modelPath: string;
  /** Name for clients. @default the file's name without `.gguf` */
  readonly modelId?: string;
  /** On 127.0.0.1; 0 takes a free one, and `ready` says which. */
  readonly port: number;
  /** Threads that llama.cpp computes with; never guessed, because under `taskset` it would see all CPUs. */
  readonly threads: number;
  /**
   * The CPUs come by `lease` messages, at most `threads` of them; without one the worker computes nothing. `counts`: the
   * numbers of CPUs that leases will usually have, whose step costs are worth knowing; the largest first. Absent: the
   * worker has `threads` threads for ever.
   */
  readonly leases?: { readonly counts: readonly number[] };
  /** @default 8 */
  readonly slots?: number;
  /** Tokens that one slot holds. @default the model's own, at most 4096 */
  readonly contextTokens?: number;
  /**
   * Cost of steps by their size: `cached` measures where nothing is known yet, `off` plans without (no padding, no
   * cutting, no moving). @default "cached"
   */
  readonly stepCosts?: "cached" | "measure" | "off";
  /**
   * Where the KV state of ended requests is kept for every worker of this directory, and how many bytes of it at most.
   * The directory has to be there, for this user only. Absent: a slot's state is kept in the slot alone.
   */
  readonly snapshots?: { readonly directory: string; readonly limitBytes: number };
  /** Lowest level that is logged, as JSON lines on stdout. @default "info" */
  readonly logLevel?: "trace" | "debug" | "info" | "warn" | "error";
}

/** Arguments of the worker's `main.js`: `spawn(process.execPath, [main, ...workerArguments(options)])`. */
export function workerArguments(options: WorkerOptions): readonly string[] {
  return [JSON.stringify({ protocol: PROTOCOL_VERSION, ...options })];
}

/**
 * `auto` is on. At a depth of 1,500 tokens a prompt is read a fifth faster (Zen 4, two threads: 11.9 instead of 14.1 ms a
 * token), four and more responses decode a tenth faster there, and a lone one at most a sixth slower. Its sums depend on
 * what else is in the batch, so that a request may get other tokens of nearly equal probability beside other neighbours.
 */
export function usesFlashAttention({
  flashAttention,
  kvType,
}: Pick<WorkerSettings, "flashAttention" | "kvType">): boolean {
  // llama.cpp needs it for quantized values.
  return flashAttention !== "off" || kvType !== "f16";
}

/** How the options are checked that are settings. */
export { type WorkerSettings, workerSettingSchemas } from "@drover/config/worker-settings";
