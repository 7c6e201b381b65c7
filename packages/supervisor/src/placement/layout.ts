/** Where one worker computes. */
export interface WorkerPlace {
  readonly cpus: readonly number[];
  readonly threads: number;
}

export interface Layout {
  readonly places: readonly WorkerPlace[];
  /** Sentences about what does not fit; with `--strict` they are errors. */
  readonly warnings: readonly string[];
}

/**
 * Spreads workers over the CPUs that may be used, each CPU used once. `auto` workers: one for each 4 CPUs, but 2 where
 * there are 2 CPUs, so that one may fail. `auto` threads: every CPU.
 */
export function layOut(
  cpus: readonly number[],
  wish: { readonly workers: number | "auto"; readonly threads: number | "auto" },
): Layout {
  const threadsEach = wish.threads;
  const fitting = threadsEach === "auto" ? Math.ceil(cpus.length / 4) : Math.floor(cpus.length / threadsEach);
  const floor = threadsEach === "auto" ? Math.min(2, cpus.length) : 1;
  const workers = wish.workers === "auto" ? Math.max(floor, fitting) : wish.workers;
  const shares = threadsEach === "auto" ? evenShares(cpus.length, workers) : Array<number>(workers).fill(threadsEach);
  let next = 0;
  const places = shares.map((threads) => {
    const picked = Array.from(
      { length: Math.min(threads, cpus.length) },
      (_, k) => cpus[(next + k) % cpus.length] ?? 0,
    );
    next += threads;
    return { cpus: picked.toSorted((a, b) => a - b), threads };
  });
  const total = shares.reduce((sum, threads) => sum + threads, 0);
  return { places, warnings: total > cpus.length ? [overCommitted(workers, total, cpus.length)] : [] };
}

function evenShares(cpus: number, workers: number): readonly number[] {
  return Array.from({ length: workers }, (_, index) =>
    Math.max(1, Math.floor(cpus / workers) + (index < cpus % workers ? 1 : 0)),
  );
}

function overCommitted(workers: number, threads: number, cpus: number): string {
  return `${workers} workers use ${threads} threads in all, but Drover may use only ${cpus} CPU${cpus === 1 ? "" : "s"}: they will slow each other down. Use fewer --workers or --threads.`;
}
