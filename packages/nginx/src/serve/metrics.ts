import { addScraped, isInService } from "@drover/balancer/engine";
import { Counter, Histogram, Registry } from "prom-client";
import type { Group } from "./proxy/groups.ts";

/** What is counted of a configuration's servers and upstreams, as Prometheus gets it. */
export type NginxMetrics = ReturnType<typeof createMetrics>;

/** A server of an upstream group, and the group's name. */
export interface UpstreamReading {
  readonly group: string;
  readonly origin: string;
  readonly isReady: boolean;
  readonly active: number;
  readonly requests: number;
  readonly failures: number;
  readonly lastFailure: string | undefined;
}

const SECONDS_BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** @param read asked at each scrape: a reload brings other groups */
export function createMetrics(read: () => readonly UpstreamReading[]) {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "drover_requests_total",
    help: "Requests that have ended, by status; 499 is a client that left.",
    labelNames: ["status"],
    registers,
  });
  const durations = new Histogram({
    name: "drover_request_duration_seconds",
    help: "From a request to the end of its response.",
    buckets: SECONDS_BUCKETS,
    registers,
  });
  watchUpstreams(registry, read);
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    /** A request has ended, with the status of its access log. */
    countRequest(status: number, durationMs: number) {
      requests.inc({ status: String(status) });
      durations.observe(durationMs / 1000);
    },
  };
}

function watchUpstreams(registry: Registry, read: () => readonly UpstreamReading[]): void {
  const metric = (
    kind: "counter" | "gauge",
    name: string,
    help: string,
    value: (reading: UpstreamReading) => number,
  ): void =>
    addScraped(registry, kind, { name, help, labelNames: ["group", "upstream"] }, () =>
      read().map((reading) => [{ group: reading.group, upstream: reading.origin }, value(reading)]),
    );
  metric("gauge", "drover_upstream_active", "Requests on the upstream now.", ({ active }) => active);
  metric("gauge", "drover_upstream_ready", "1 while it takes requests.", ({ isReady }) => Number(isReady));
  metric("counter", "drover_upstream_requests_total", "Requests ever sent to it.", ({ requests }) => requests);
  metric("counter", "drover_upstream_failures_total", "Attempts on it that failed.", ({ failures }) => failures);
}

/** The servers of all groups. A server that a group names twice is read once, with the sums of both. */
export function readUpstreams(groups: ReadonlyMap<string, Group>): readonly UpstreamReading[] {
  return [...groups].flatMap(([group, { pool }]) => {
    const byOrigin = new Map<string, UpstreamReading>();
    for (const upstream of pool.members.all) {
      const { origin, conns, requests, failures, lastFailure } = upstream;
      const other = byOrigin.get(origin);
      byOrigin.set(origin, {
        group,
        origin,
        isReady: isInService(upstream) || other?.isReady === true,
        active: conns + (other?.active ?? 0),
        requests: requests + (other?.requests ?? 0),
        failures: failures + (other?.failures ?? 0),
        lastFailure: lastFailure ?? other?.lastFailure,
      });
    }
    return [...byOrigin.values()];
  });
}
