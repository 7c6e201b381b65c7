import { duration, size, whole } from "../setting-values.ts";
import { live, type LiveSetting } from "../setting.ts";

/** How workers are watched, restarted and scaled. */
export const supervisionSettings = live([
  {
    path: "supervision.livenessTimeout",
    schema: duration(),
    default: "10s",
    flag: "liveness-timeout",
    doc: "A worker without a heartbeat for this long is killed and started anew.",
  },
  {
    path: "supervision.stallTimeout",
    schema: duration(),
    default: "60s",
    flag: "stall-timeout",
    doc: "A worker with requests but no engine step for this long is killed and started anew.",
  },
  {
    path: "supervision.startTimeout",
    schema: duration(),
    default: "10m",
    doc: "Longest time from a worker's start to its first token.",
  },
  {
    path: "supervision.drainTimeout",
    schema: duration(),
    default: "30s",
    flag: "drain-timeout",
    doc: "How long running responses may take to end when a worker or drover itself is asked to stop.",
  },
  {
    path: "supervision.shutdownDelay",
    schema: duration(),
    default: "0",
    flag: "shutdown-delay",
    doc: "How long /ready and /health respond with 503 before the public port closes, so that balancers in front notice first.",
  },
  {
    path: "supervision.grace",
    schema: duration(),
    default: "5s",
    doc: "Time from TERM to KILL.",
  },
  {
    path: "supervision.backoff",
    schema: duration(),
    default: "500ms",
    doc: "Delay before a worker's first restart; doubles with each.",
  },
  {
    path: "supervision.backoffLimit",
    schema: duration(),
    default: "30s",
    doc: "Longest delay before a restart.",
  },
  {
    path: "supervision.maxRestarts",
    schema: whole(1),
    default: 5,
    unit: "restarts",
    doc: "Restarts within `supervision.restartWindow`; one more is quarantine.",
  },
  {
    path: "supervision.restartWindow",
    schema: duration(),
    default: "60s",
    doc: "Window of `supervision.maxRestarts`; a worker that was up this long starts over with the first backoff.",
  },
  {
    path: "supervision.memoryLimit",
    schema: size(),
    default: "0",
    flag: "worker-memory-limit",
    doc: "Anonymous memory plus swap over which a worker is drained and replaced. 0: no limit.",
  },
  {
    path: "supervision.idleSleep",
    schema: duration(),
    default: "0",
    flag: "idle-sleep",
    doc: "Unload all workers after this long without a request; the next request wakes them. 0: never.",
  },
  {
    path: "supervision.scaleUpAfter",
    schema: duration(),
    default: "3s",
    doc: "With `workers.count` as a range: requests wait for this long before a worker is added.",
  },
  {
    path: "supervision.scaleDownAfter",
    schema: duration(),
    default: "2m",
    doc: "With `workers.count` as a range: one worker fewer was enough for this long before one goes.",
  },
] as const satisfies readonly LiveSetting[]);
