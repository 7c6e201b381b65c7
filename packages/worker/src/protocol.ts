/**
 * What a worker and its supervisor say to each other over Node's IPC channel. Imports nothing, so that both sides
 * may depend on it.
 */

/** Version of this protocol; a supervisor refuses a worker that speaks another. */
export const PROTOCOL_VERSION = 2;

/** Environment variable with the secret that a worker's HTTP port then demands in {@link SECRET_HEADER}. */
export const SECRET_ENV = "DROVER_WORKER_SECRET";

/** Request header that carries the supervisor's secret to a worker. */
export const SECRET_HEADER = "x-drover-secret";

/**
 * Request header: a UUID that names the request, and the bytes of its answer's body that the client has already. In the
 * answer: those bytes, where the body begins behind them and another worker could go on with it in turn.
 */
export const RESUME_HEADER = "x-drover-resume";

/** Worker to supervisor. */
export type WorkerMessage =
  /** The model is being read. `progress` is 0 to 1. */
  | { readonly type: "loading"; readonly progress: number }
  /** The port accepts requests and a first real token was generated. */
  | {
      readonly type: "ready";
      readonly protocol: number;
      readonly port: number;
      readonly model: string;
      readonly slots: number;
      /** Tokens that one slot holds. */
      readonly contextTokens: number;
      /** Measured while warming up; tokens per second. Absent where the measurement was skipped. */
      readonly speed?: { readonly prefill: number; readonly decode: number };
    }
  /** Sent each second, whatever else the worker does. */
  | {
      readonly type: "heartbeat";
      /** llama.cpp decodes since the start; stands still while the engine hangs. */
      readonly steps: number;
      /** Requests that hold or wait for a slot. */
      readonly active: number;
      readonly busySlots: number;
    }
  /** The worker can't serve and will exit. `code` is one of the codes in worker/src/errors.ts. */
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  /** Answer to `drain`: the last request has ended. */
  | { readonly type: "drained" }
  /** What it has to compute has changed. A worker whose CPUs are leased counts as `loading` until it says something else. */
  | { readonly type: "cpus-needed"; readonly need: CpuNeed }
  /** It computes on the CPUs of this order, and on no others, from now on; earlier orders are settled with it. */
  | { readonly type: "leased"; readonly epoch: number }
  /** What one decode takes with `threads` threads while nothing else computes: by the sequences of a step, or the tokens of a piece of a prompt. */
  | {
      readonly type: "step-costs";
      readonly threads: number;
      readonly points: readonly { readonly tokens: number; readonly ms: number }[];
    };

/**
 * What a worker wants CPUs for: nothing; one to read the model with; its share, since it has requests; or all of them and
 * alone, if it can be, to measure what steps cost.
 */
export type CpuNeed = "none" | "loading" | "share" | "all";

/** The CPUs that a worker may compute on. It gives up those that are missing before its next decode, and confirms by `leased`. */
export interface LeaseOrder {
  readonly cpus: readonly number[];
  /** Rises with each order to this worker. */
  readonly epoch: number;
}

/** Supervisor to worker. */
export type SupervisorMessage =
  /** Compute on these CPUs only. The process may be moved to them before or after. */
  | ({ readonly type: "lease" } & LeaseOrder)
  /** Finish what runs, take nothing new, answer `drained`. */
  | { readonly type: "drain" }
  /** Take requests again. */
  | { readonly type: "undrain" }
  /** Exit with code 0, at once. */
  | { readonly type: "shutdown" };

/** What a worker is started with: the one command-line argument of `main.js`, as JSON (see {@link workerArguments}). */
export interface WorkerOptions {
  /** A GGUF file; for a split model its first part. */
  readonly modelPath: string;
  /** Name for clients. @default the file's name without `.gguf` */
  readonly modelId?: string;
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** 0 takes a free one; `ready` says which. */
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
  /** Most tokens in one decode. @default 512 */
  readonly batchTokens?: number;
  /** Longest time between two tokens of a running answer that the reading of prompts may cause. @default 250 */
  readonly itlTargetMs?: number;
  /** @default "auto" */
  readonly flashAttention?: "auto" | "on" | "off";
  /** @default "f16" */
  readonly kvType?: "f16" | "q8_0" | "q4_0";
  /** @default "off" */
  readonly speculate?: "off" | "lookup";
  /** @default false */
  readonly embeddings?: boolean;
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
  return [JSON.stringify(options)];
}
