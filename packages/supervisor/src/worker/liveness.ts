import type { Settings } from "@drover/config";

/** When a running worker is hung: `Worker.checkLiveness` asks each second, and has one that is restarted. What a worker's heartbeats say. Times in milliseconds. */
export interface Pulse {
  /** When the last heartbeat came. */
  readonly heardAt: number;
  /** Engine steps as of the last heartbeat. */
  readonly steps: number;
  /** When the step counter last moved, or the worker last had nothing to do. */
  readonly steppedAt: number;
}

export type LivenessLimits = Pick<Settings["supervision"], "livenessTimeout" | "stallTimeout">;

export type Liveness = "alive" | "silent" | "stalled";

/** The pulse of a process that was just heard for the first time. */
export function firstPulse(now: number): Pulse {
  return { heardAt: now, steps: 0, steppedAt: now };
}

/** Takes in a heartbeat. `active`: requests that it has, as it says itself or as the balancer counts. */
export function afterHeartbeat(
  pulse: Pulse,
  beat: { readonly steps: number; readonly active: number },
  now: number,
): Pulse {
  const moves = beat.steps !== pulse.steps || beat.active === 0;
  return { heardAt: now, steps: beat.steps, steppedAt: moves ? now : pulse.steppedAt };
}

/**
 * Whether a worker is alive. Not an HTTP probe: a worker busy in a long prefill responds late and still steps, and one
 * that responds to HTTP can be stuck in a decode.
 */
export function judgeLiveness(pulse: Pulse, now: number, limits: LivenessLimits): Liveness {
  if (now - pulse.heardAt >= limits.livenessTimeout) return "silent";
  if (now - pulse.steppedAt >= limits.stallTimeout) return "stalled";
  return "alive";
}

/** Time in which nobody listened (the supervisor itself was stopped, or the machine slept) does not count against a worker. */
export function forgive(pulse: Pulse, missedMs: number): Pulse {
  return { ...pulse, heardAt: pulse.heardAt + missedMs, steppedAt: pulse.steppedAt + missedMs };
}
