/** What is known of an upstream when a request is about to be placed. */
export interface CostFacts {
  /** Characters of the prompt that it does not hold. */
  readonly uncachedChars: number;
  /** Measured: time to the first byte per character that was not held; undefined while nothing was measured. */
  readonly msPerChar: number | undefined;
  /** Requests on it now, and the places they share. */
  readonly active: number;
  readonly slots: number;
  /** Measured: how long a request holds its place. */
  readonly meanServiceMs: number | undefined;
}

/** About a hundred tokens a second of prefill at four characters a token: only the ratio between upstreams counts. */
const assumedMsPerChar = 2.5;

/** Seconds until a request placed here would be done, as far as its place matters: the prompt still to read, and the tokens still to come of others. */
export function estimateCostSeconds(facts: CostFacts): number {
  const prefillMs = facts.uncachedChars * (facts.msPerChar ?? assumedMsPerChar);
  const aheadMs = (facts.active / Math.max(1, facts.slots)) * ((facts.meanServiceMs ?? 0) / 2);
  return (prefillMs + aheadMs) / 1000;
}
