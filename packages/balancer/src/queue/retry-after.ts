/** What `Retry-After` is computed from. */
export interface ServiceRate {
  /** Requests ahead. */
  readonly depth: number;
  /** Requests served at a time. */
  readonly slots: number;
  /** Mean time that one holds its slot; undefined while none was measured. */
  readonly meanServiceMs: number | undefined;
}

const unknownSeconds = 5;
const mostSeconds = 600;

/** Whole seconds until a slot is likely: the requests ahead over the measured rate of service. From 1 to 600. */
export function retryAfterSeconds(rate: ServiceRate): number {
  if (rate.meanServiceMs === undefined || rate.slots === 0) return unknownSeconds;
  const seconds = ((rate.depth + 1) * rate.meanServiceMs) / rate.slots / 1000;
  return Math.min(mostSeconds, Math.max(1, Math.ceil(seconds)));
}
