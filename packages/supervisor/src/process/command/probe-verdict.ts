import type { Activity } from "../spawn.ts";

/** What one probe found, and what the balancer knew at that time. */
export interface Look {
  /** Why the response is not that of a healthy server; undefined: it is. */
  readonly failure: string | undefined;
  /** It was silent and accepts connections. */
  readonly isSilent: boolean;
  readonly activity: Activity;
}

/** What all probes of a server so far come to. */
export interface ProbeVerdict {
  /** Good and bad looks in a row. */
  readonly good: number;
  readonly bad: number;
  /** `rise` good ones in a row have been there. */
  readonly isReady: boolean;
  /** Grows as long as something moves; `stallTimeout` judges a server with requests where it stands still. */
  readonly steps: number;
  readonly progress: number;
}

export const UNKNOWN: ProbeVerdict = { good: 0, bad: 0, isReady: false, steps: 0, progress: 0 };

/**
 * Takes one look into account. A server that does one thing at a time cannot respond to a probe while it works: where it has requests,
 * silence counts neither for nor against it.
 */
export function afterLook(before: ProbeVerdict, { failure, isSilent, activity }: Look, rise: number): ProbeVerdict {
  const isBusy = isSilent && activity.active > 0;
  const good = failure === undefined ? before.good + 1 : 0;
  const hasMoved = failure === undefined || activity.active === 0 || activity.progress !== before.progress;
  return {
    good,
    bad: failure === undefined || isBusy ? 0 : before.bad + 1,
    isReady: before.isReady || good >= rise,
    steps: before.steps + (hasMoved ? 1 : 0),
    progress: activity.progress,
  };
}
