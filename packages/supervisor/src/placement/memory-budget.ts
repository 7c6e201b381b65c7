/** What workers need, as @drover/models estimates it; in bytes. */
export interface MemoryNeed {
  /** The model's files in the page cache, once for all workers. */
  readonly mappedBytes: number;
  readonly perWorker: {
    readonly repackedBytes: number;
    readonly tokenizerBytes: number;
    readonly kvBytes: number;
    readonly computeBytes: number;
    readonly processBytes: number;
    readonly totalBytes: number;
  };
}

/** What there is. */
export interface MemoryGround {
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly limitBytes: number | undefined;
}

export interface MemoryBudget {
  /** The part of the model's files that is read in every step: what was repacked is not. */
  readonly sharedBytes: number;
  /** For all workers, without `sharedBytes`. */
  readonly workersBytes: number;
  /** Left to everything else: a twentieth of the memory, at least 256 MiB and at most 4 GiB. */
  readonly headroomBytes: number;
  /** `sharedBytes`, `workersBytes` and `headroomBytes`. */
  readonly neededBytes: number;
  readonly freeBytes: number;
  readonly fits: boolean;
  /** How many workers would fit. */
  readonly mostWorkers: number;
}

/** Whether `workers` workers fit into the memory that is free, and how many would. */
export function budgetMemory(need: MemoryNeed, ground: MemoryGround, workers: number): MemoryBudget {
  const whole = Math.min(ground.totalBytes, ground.limitBytes ?? ground.totalBytes);
  const headroomBytes = Math.round(Math.min(4 * GIB, Math.max(GIB / 4, whole / 20)));
  const sharedBytes = Math.max(0, need.mappedBytes - need.perWorker.repackedBytes);
  const workersBytes = need.perWorker.totalBytes * workers;
  const neededBytes = sharedBytes + workersBytes + headroomBytes;
  const room = ground.freeBytes - sharedBytes - headroomBytes;
  return {
    sharedBytes,
    workersBytes,
    headroomBytes,
    neededBytes,
    freeBytes: ground.freeBytes,
    fits: neededBytes <= ground.freeBytes,
    mostWorkers: Math.max(0, Math.floor(room / need.perWorker.totalBytes)),
  };
}

const GIB = 2 ** 30;
