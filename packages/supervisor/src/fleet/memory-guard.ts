/** The worker to replace: of those over the limit the largest, so that one is replaced at a time. undefined: none is. */
export function pickOverLimit<T extends { readonly bytes: number }>(
  workers: readonly T[],
  limitBytes: number,
): T | undefined {
  return workers.filter(({ bytes }) => bytes > limitBytes).toSorted((a, b) => b.bytes - a.bytes)[0];
}

/** Memory that must stay free while two generations of a worker exist side by side. */
const HEADROOM_BYTES = 256 * 2 ** 20;

/** Whether a new worker, which needs about what the old one holds, fits beside it; else it is started after that has ended. */
export function fitsBeside(needBytes: number, freeBytes: number): boolean {
  return freeBytes - needBytes >= HEADROOM_BYTES;
}
