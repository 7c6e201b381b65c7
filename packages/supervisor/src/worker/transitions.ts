/** What a worker is in. docs/states.md has the picture, made from the table below. */
export const WORKER_STATES = [
  "starting",
  "loading",
  "ready",
  "draining",
  "stopping",
  "exited",
  "backoff",
  "quarantined",
] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

/** What happens to a worker. */
export const WORKER_EVENTS = [
  /** Somebody wants it to run. */
  "start",
  /** Its process sent its first message. */
  "loading",
  /** Its port is open and it generated a first real token. */
  "ready",
  /** As ready, of a worker that was drained before its process ended: it comes back drained. */
  "ready-drained",
  /** Somebody wants it to take no new request. */
  "drain",
  /** Somebody wants it to take requests again. */
  "undrain",
  /** Somebody wants it to end. */
  "stop",
  /** It is not alive: no heartbeat, no step though it has requests, or not ready in time. */
  "hung",
  /** The time from TERM to KILL is over. */
  "grace-over",
  /** The delay before a restart is over. */
  "backoff-over",
  /** Its process is gone, as was wanted. */
  "exited",
  /** Its process is gone and must come back. */
  "crashed",
  /** Its process is gone, and one more try is no use for now: too many restarts, or a reason that will not go away. */
  "gave-up",
] as const;
export type WorkerEvent = (typeof WORKER_EVENTS)[number];

/** What the runner does on a transition, in this order. There is one timer: arming it calls off the one before. */
export type WorkerEffect =
  | "spawn"
  | "open-traffic"
  | "close-traffic"
  | "shut-down"
  | "kill"
  | "arm-start-timer"
  | "arm-grace-timer"
  | "arm-backoff-timer"
  | "disarm-timer";

export interface Transition {
  readonly state: WorkerState;
  readonly effects: readonly WorkerEffect[];
}

type Row = Readonly<Partial<Record<WorkerEvent, Transition>>>;

const to = (state: WorkerState, ...effects: readonly WorkerEffect[]): Transition => ({ state, effects });

const BEGIN = to("starting", "spawn", "arm-start-timer");

/** While a process exists that does not serve yet. */
const COMING_UP: Row = {
  ready: to("ready", "disarm-timer", "open-traffic"),
  "ready-drained": to("draining", "disarm-timer"),
  stop: to("stopping", "shut-down", "arm-grace-timer"),
  hung: to("stopping", "kill", "arm-grace-timer"),
  exited: to("exited", "disarm-timer"),
  crashed: to("backoff", "arm-backoff-timer"),
  "gave-up": to("quarantined", "arm-backoff-timer"),
};

/** The entire life of a worker. A pair that is not here changes nothing. */
export const TRANSITIONS: Readonly<Record<WorkerState, Row>> = {
  exited: { start: BEGIN },
  starting: { ...COMING_UP, loading: to("loading") },
  loading: COMING_UP,
  ready: {
    drain: to("draining", "close-traffic"),
    stop: to("stopping", "close-traffic", "shut-down", "arm-grace-timer"),
    hung: to("stopping", "close-traffic", "kill", "arm-grace-timer"),
    exited: to("exited", "close-traffic"),
    crashed: to("backoff", "close-traffic", "arm-backoff-timer"),
    "gave-up": to("quarantined", "close-traffic", "arm-backoff-timer"),
  },
  draining: {
    undrain: to("ready", "open-traffic"),
    stop: to("stopping", "shut-down", "arm-grace-timer"),
    hung: to("stopping", "kill", "arm-grace-timer"),
    exited: to("exited"),
    crashed: to("backoff", "arm-backoff-timer"),
    "gave-up": to("quarantined", "arm-backoff-timer"),
  },
  stopping: {
    hung: to("stopping", "kill", "arm-grace-timer"),
    // A process in an uninterruptible call does not heed the first KILL; it is asked again.
    "grace-over": to("stopping", "kill", "arm-grace-timer"),
    exited: to("exited", "disarm-timer"),
    crashed: to("backoff", "arm-backoff-timer"),
    "gave-up": to("quarantined", "arm-backoff-timer"),
  },
  backoff: {
    start: BEGIN,
    "backoff-over": BEGIN,
    stop: to("exited", "disarm-timer"),
  },
  quarantined: {
    start: BEGIN,
    "backoff-over": BEGIN,
    stop: to("exited", "disarm-timer"),
  },
};

/** Pure and total: an event that means nothing in a state leaves it as it is, without effects. */
export function transition(state: WorkerState, event: WorkerEvent): Transition {
  return TRANSITIONS[state][event] ?? { state, effects: [] };
}
