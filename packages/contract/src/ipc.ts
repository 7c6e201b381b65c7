/** What a worker and its supervisor say to each other over Node's IPC channel. */
import type { RequestReport } from "./request-report.ts";
import type { CostPoint } from "./step-costs.ts";
import type { WorkerFigures } from "./worker-figures.ts";

/**
 * Version of this protocol and of the worker options. A worker that was started by another version refuses to load, and a
 * supervisor ends a worker that is `ready` with another one: both happen where Drover is replaced on disk while it runs.
 */
export const PROTOCOL_VERSION = 5;

/** The error of both, by the version of the worker and that of its supervisor. */
export function protocolMismatch(worker: number, supervisor: number): string {
  return `the worker speaks version ${worker} of the protocol and its supervisor version ${supervisor}: Drover was replaced on disk while it ran; stop it and start it again`;
}

/** Environment variable with the secret that a worker's HTTP port then demands in its secret header. */
export const SECRET_ENV = "DROVER_WORKER_SECRET";

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
    }
  /** Sent each second, whatever else the worker does. */
  | {
      readonly type: "heartbeat";
      /** llama.cpp decodes since the start; stands still while the engine hangs. */
      readonly steps: number;
      /** Requests that hold or wait for a slot. */
      readonly active: number;
      readonly busySlots: number;
      /** Sums since the start, and what holds now. @default nothing is known, as of a command of the user's that is probed */
      readonly figures?: WorkerFigures;
    }
  /** The generation of a request is over. Sent before the end of its response. */
  | { readonly type: "request-ended"; readonly report: RequestReport }
  /** The worker can't serve and will exit. `code` is one of the codes in worker/src/errors.ts. */
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  /** What it has to compute has changed. A worker whose CPUs are leased counts as `loading` until it says something else. */
  | { readonly type: "cpus-needed"; readonly need: CpuNeed }
  /** It computes on the CPUs of this order, and on no others, from now on; earlier orders are settled with it. */
  | { readonly type: "leased"; readonly epoch: number }
  /** What one decode takes with `threads` threads while nothing else computes: by the sequences of a step, or the tokens of a piece of a prompt. */
  | {
      readonly type: "step-costs";
      readonly threads: number;
      readonly points: readonly CostPoint[];
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
  /** Exit with code 0, at once. */
  | { readonly type: "shutdown" };
