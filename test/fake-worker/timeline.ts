/** Runs many due actions from one timer: five hundred streams with a timer each would cost more than their tokens. */
export interface Timeline {
  /** Runs `action` at `atMs` on the clock of performance.now(), never earlier and about a millisecond late. */
  at(atMs: number, action: () => void): void;
}

export function createTimeline(): Timeline {
  const buckets = new Map<number, (() => void)[]>();
  let timer: NodeJS.Timeout | undefined;
  let timerAtMs = Number.POSITIVE_INFINITY;
  const arm = (atMs: number) => {
    clearTimeout(timer);
    timerAtMs = atMs;
    timer = setTimeout(run, Math.max(0, atMs - performance.now()));
  };
  const run = () => {
    timerAtMs = Number.POSITIVE_INFINITY;
    const nowMs = performance.now();
    // Listed before any runs: an action with no delay adds to the same bucket, and has to wait for its turn.
    for (const atMs of [...buckets.keys()].filter((atMs) => atMs <= nowMs)) {
      const actions = buckets.get(atMs) ?? [];
      buckets.delete(atMs);
      for (const action of actions) action();
    }
    const nextMs = Math.min(...buckets.keys());
    if (nextMs < timerAtMs) arm(nextMs);
  };
  return {
    at(atMs, action) {
      const bucketMs = Math.ceil(atMs);
      const bucket = buckets.get(bucketMs);
      if (bucket === undefined) buckets.set(bucketMs, [action]);
      else bucket.push(action);
      if (bucketMs < timerAtMs) arm(bucketMs);
    },
  };
}
