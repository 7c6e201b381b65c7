/** What a worker is in, and what that means to somebody who reads `drover status`. docs/states.md has the picture, made from the table below. */
export const STATE_MEANINGS = {
  starting: "its process was started and has sent no message yet",
  loading: "it reads the model and generates its first token",
  ready: "it takes requests",
  draining: "it takes no new request and finishes what runs",
  stopping: "its process was asked or forced to end",
  exited: "no process, and none is wanted",
  backoff: "its process ended though it should run; it starts again after a delay",
  quarantined:
    "it ended too often, or for a reason that will not go away; it is tried again after minutes, or by `restart` or `reload`",
} as const;

export type WorkerState = keyof typeof STATE_MEANINGS;
export const WORKER_STATES = Object.keys(STATE_MEANINGS) as WorkerState[];

/** Whether a process exists in this state. */
export function hasProcess(state: WorkerState): boolean {
  return !(state === "exited" || state === "backoff" || state === "quarantined");
}

/** What happens to a worker. */
export const EVENT_MEANINGS = {
  start: "somebody wants it to run",
  loading: "its process sent its first message",
  ready: "its port is open and it generated a first real token",
  "ready-drained": "as `ready`, of a worker that was drained before its process ended",
  drain: "somebody wants it to take no new request",
  undrain: "somebody wants it to take requests again",
  stop: "somebody wants it to end",
  hung: "no heartbeat, no step though it has requests, or not ready in time",
  "grace-over": "the time from TERM to KILL is over",
  "backoff-over": "the delay before a restart is over",
  exited: "its process is gone, as was wanted",
  crashed: "its process is gone and must come back",
  "gave-up": "its process is gone, and one more try is no use",
} as const;

export type WorkerEvent = keyof typeof EVENT_MEANINGS;
export const WORKER_EVENTS = Object.keys(EVENT_MEANINGS) as WorkerEvent[];

/** What a worker does on a transition, in this order. There is one timer: arming it calls off the one before. */
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
