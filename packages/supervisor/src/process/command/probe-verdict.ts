/** What one probe found. */
export interface Look {
  /** Why the response is not that of a healthy server; undefined: it is. */
  readonly failure: string | undefined;
  /** There was neither a response nor an error. */
  readonly isSilent: boolean;
  /** Requests that the balancer knew it to have at that time. */
  readonly active: number;
}

/** What all probes of a server so far come to. */
export interface ProbeVerdict {
  /** Good and bad looks in a row. */
  readonly good: number;
  readonly bad: number;
  /** Good looks in all. */
  readonly allGood: number;
  /** `rise` good ones in a row have been there. */
  readonly isReady: boolean;
}

export const UNKNOWN: ProbeVerdict = { good: 0, bad: 0, allGood: 0, isReady: false };

/**
 * Takes one look into account. A server that does one thing at a time cannot respond to a probe while it works, nor accept a connection once its
 * queue of them is full: where it has requests, silence counts neither for nor against it.
 */
export function afterLook(before: ProbeVerdict, { failure, isSilent, active }: Look, rise: number): ProbeVerdict {
  const isGood = failure === undefined;
  const good = isGood ? before.good + 1 : 0;
  return {
    good,
    bad: isGood || (isSilent && active > 0) ? 0 : before.bad + 1,
    allGood: before.allGood + (isGood ? 1 : 0),
    isReady: before.isReady || good >= rise,
  };
}
