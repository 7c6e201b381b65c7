/** When the number of workers follows the load. Durations in milliseconds. */
export interface ScalingRules {
  readonly min: number;
  readonly max: number;
  /** Requests must wait for this long before a worker is added. */
  readonly upAfterMs: number;
  /** One worker fewer must have been enough for this long before one goes. */
  readonly downAfterMs: number;
}

/** What one look at the balancer shows. */
export interface LoadSample {
  readonly now: number;
  readonly workers: number;
  /** Workers that are not ready yet, though they should be. */
  readonly coming: number;
  readonly waiting: number;
  readonly busySlots: number;
  readonly slotsPerWorker: number;
}

/** What the decision remembers between looks. */
export interface ScalingMemory {
  /** Since when requests wait without a break; undefined: none do. */
  readonly waitingSince: number | undefined;
  /** Since when one worker fewer would be enough. */
  readonly spareSince: number | undefined;
}

export const NO_MEMORY: ScalingMemory = { waitingSince: undefined, spareSince: undefined };

/** Of the slots that would be left, this share may be busy when a worker goes: the distance to the next rise. */
const SPARE_SHARE = 0.5;

/**
 * Decides how many workers there should be, one more or one fewer at a time.
 *
 * 1. While a worker is coming up, nothing: it may be enough.
 * 2. Requests have waited for `upAfterMs` without a break: one more, up to `max`.
 * 3. For `downAfterMs` nothing waited and at most half of the slots of one worker fewer were busy: one fewer, down to `min`.
 * 4. Else as it is. Up and down are apart by half of the slots and by time, so that it does not swing.
 */
export function decideScale(
  memory: ScalingMemory,
  sample: LoadSample,
  rules: ScalingRules,
): { readonly workers: number; readonly memory: ScalingMemory } {
  const { now, workers } = sample;
  const hasSpare = sample.waiting === 0 && sample.busySlots <= (workers - 1) * sample.slotsPerWorker * SPARE_SHARE;
  const next: ScalingMemory = {
    waitingSince: sample.waiting > 0 ? (memory.waitingSince ?? now) : undefined,
    spareSince: hasSpare ? (memory.spareSince ?? now) : undefined,
  };
  if (workers < rules.min) return { workers: rules.min, memory: NO_MEMORY };
  if (workers > rules.max) return { workers: rules.max, memory: NO_MEMORY };
  if (sample.coming > 0) return { workers, memory: next };
  if (next.waitingSince !== undefined && now - next.waitingSince >= rules.upAfterMs && workers < rules.max)
    return { workers: workers + 1, memory: NO_MEMORY };
  if (next.spareSince !== undefined && now - next.spareSince >= rules.downAfterMs && workers > rules.min)
    return { workers: workers - 1, memory: NO_MEMORY };
  return { workers, memory: next };
}
