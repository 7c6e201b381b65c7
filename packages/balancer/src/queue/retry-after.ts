/** What `Retry-After` is computed from. */
export interface ServiceRate {
  /** Requests ahead. */
  readonly depth: number;
  /** Requests served at a time. */
  readonly places: number;
  /** Mean time that one holds its place; undefined while none was measured. */
  readonly meanServiceMs: number | undefined;
}

const unknownSeconds = 5;
const mostSeconds = 600;

/** Whole seconds until a place is likely: the requests ahead over the measured rate of service. From 1 to 600. */
export function retryAfterSeconds(rate: ServiceRate): number {
  if (rate.meanServiceMs === undefined || rate.places === 0) return unknownSeconds;
  const seconds = ((rate.depth + 1) * rate.meanServiceMs) / rate.places / 1000;
  return Math.min(mostSeconds, Math.max(1, Math.ceil(seconds)));
}
