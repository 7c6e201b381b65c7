/** What one worker's process holds for itself: anonymous memory plus what of it is swapped out. */
export interface WorkerMemory {
  readonly id: string;
  readonly bytes: number;
}

/**
 * The worker to replace: of those over `limitBytes` the largest, so that one is replaced at a time. undefined: none is,
 * or there is no limit (0).
 */
export function pickOverLimit(workers: readonly WorkerMemory[], limitBytes: number): WorkerMemory | undefined {
  if (limitBytes === 0) return undefined;
  return workers.filter(({ bytes }) => bytes > limitBytes).toSorted((a, b) => b.bytes - a.bytes)[0];
}
