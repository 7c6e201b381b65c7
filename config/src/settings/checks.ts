import { duration, text, whole } from "../setting-values.ts";
import { live, type LiveSetting } from "../setting.ts";

/** Probes of a `workers.command`, which has no heartbeat. */
export const checksSettings = live([
  {
    path: "checks.path",
    schema: text(),
    default: "/health",
    doc: "What is asked of a worker started by `workers.command`; a status from 200 to 399 is good, and where this is left as it is also 404 and 405, because many servers have no such route.",
  },
  {
    path: "checks.body",
    schema: text(),
    default: undefined,
    doc: "Text that a good response must contain.",
  },
  {
    path: "checks.interval",
    schema: duration(),
    default: "2s",
    doc: "Time between two probes.",
  },
  {
    path: "checks.timeout",
    schema: duration(),
    default: "5s",
    doc: "Longest wait for the response to a probe.",
  },
  {
    path: "checks.rise",
    schema: whole(1),
    default: 1,
    unit: "probes",
    doc: "Good probes in a row until the worker is ready.",
  },
  {
    path: "checks.fall",
    schema: whole(1),
    default: 3,
    unit: "probes",
    doc: "Bad probes in a row until the worker is killed and started anew.",
  },
] as const satisfies readonly LiveSetting[]);
