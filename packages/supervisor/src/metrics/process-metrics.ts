import { packageVersion } from "@drover/foundation/files/package-version";
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";

/** Each sample of the event loop's delay wakes the process: this is enough to see what a client would notice. */
const EVENT_LOOP_PRECISION_MS = 50;

/** What `/metrics` serves, with what is true of every Drover: its version, its process and its event loop. */
export function createRegistry(): Registry {
  const registry = new Registry();
  const labels = { version: packageVersion(), node: process.versions.node };
  new Gauge({
    name: "drover_build_info",
    help: "1; the labels say which Drover runs on which Node.",
    labelNames: Object.keys(labels),
    registers: [registry],
  }).set(labels, 1);
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
  return registry;
}
