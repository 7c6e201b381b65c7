import type { WorkerState } from "./transitions.ts";

/** What each state means to somebody who reads `drover status`. */
export const STATE_MEANINGS: Readonly<Record<WorkerState, string>> = {
  starting: "its process was started and has sent no message yet",
  loading: "it reads the model and generates its first token",
  ready: "it takes requests",
  draining: "it takes no new request and finishes what runs",
  stopping: "its process was asked or forced to end",
  exited: "no process, and none is wanted",
  backoff: "its process ended though it should run; it starts again after a delay",
  quarantined:
    "it ended too often, or for a reason that will not go away; it is tried again after minutes, or by `restart` or `reload`",
};

/** Whether a process exists in this state. */
export function hasProcess(state: WorkerState): boolean {
  return !(state === "exited" || state === "backoff" || state === "quarantined");
}
