/** What is known of an upstream when a request is about to be placed. */
export interface CostFacts {
  /** Characters of the prompt that it does not hold. */
  readonly uncachedChars: number;
  /** Measured: time to the first byte per character that was not held; undefined while nothing was measured. */
  readonly msPerChar: number | undefined;
  /** Requests on it now. */
  readonly active: number;
  /** Measured: how long a request holds its slot. */
  readonly meanServiceMs: number | undefined;
}

/** About a hundred tokens a second of prefill at four characters a token: only the ratio between upstreams counts. */
const assumedMsPerChar = 2.5;

/**
 * What placing a request here costs, in seconds: the prompt still to read, and for each request that runs here half of its time, by which
 * the two hold each other up. A free slot is not free: on a CPU a batch of two takes nearly twice as long as one.
 */
export function estimateCostSeconds(facts: CostFacts): number {
  const prefillMs = facts.uncachedChars * (facts.msPerChar ?? assumedMsPerChar);
  const besideMs = facts.active * ((facts.meanServiceMs ?? 0) / 2);
  return (prefillMs + besideMs) / 1000;
}
