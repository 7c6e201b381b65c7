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
  readonly processes: () => Promise<readonly WatchedProcess[]>;
  readonly stop: () => Promise<void>;
}

/** How one worker of Drover was laid out; the other sides get the same CPUs. */
export interface WorkerLayout {
  readonly cpus: readonly number[];
  readonly slots: number;
}

/**
 * CPUs for workers that are started by hand and keep theirs. Drover's own, where each worker has some; where its CPUs
 * follow the load, and one worker may have all of them at the moment, even shares.
 */
export function fixedCpus(workers: readonly WorkerLayout[]): readonly (readonly number[])[] {
  if (workers.every(({ cpus }) => cpus.length > 0)) return workers.map(({ cpus }) => cpus);
  const all = [...new Set(workers.flatMap(({ cpus }) => cpus))].toSorted((a, b) => a - b);
  const share = all.length / workers.length;
  // With fewer CPUs than workers, several have to share one.
  return workers.map((_, index) => {
    const from = Math.floor(index * share);
    return all.slice(from, Math.max(from + 1, Math.floor((index + 1) * share)));
  });
}

/** How Drover laid itself out. */
export interface DroverLayout {
  readonly workers: readonly WorkerLayout[];
  /** Of each slot. */
  readonly contextTokens: number;
}
