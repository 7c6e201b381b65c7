import type { WatchedProcess } from "../load/process-watch.ts";

/** One of the set-ups that are compared. */
export interface Side {
  /** Short: for tables and legends. */
  readonly name: string;
  /** What it is, in a sentence. */
  readonly doc: string;
  /** @throws BenchError `server_failed` */
  start(signal: AbortSignal): Promise<RunningSide>;
}

export interface RunningSide {
  readonly url: string;
  processes(): Promise<readonly WatchedProcess[]>;
  stop(): Promise<void>;
}

/** How one worker of Drover was laid out; the other sides get the same CPUs. */
export interface WorkerLayout {
  readonly cpus: readonly number[];
  readonly slots: number;
}

/** How Drover laid itself out. */
export interface DroverLayout {
  readonly workers: readonly WorkerLayout[];
  /** Of each slot. */
  readonly contextTokens: number;
}
