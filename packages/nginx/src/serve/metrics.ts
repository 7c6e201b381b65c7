import { isInService, requestCounter, watchUpstreams } from "@drover/balancer/engine";
import { Registry } from "prom-client";
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

/** @param read asked at each scrape: a reload brings other groups */
export function createMetrics(read: () => readonly UpstreamReading[]) {
  const registry = new Registry();
  const countRequest = requestCounter(registry, [], []);
  watchUpstreams(registry, ["group", "upstream"], () =>
    read().map((reading) => ({ ...reading, labels: { group: reading.group, upstream: reading.origin } })),
  );
  return { contentType: registry.contentType, render: () => registry.metrics(), countRequest };
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
