import { X509Certificate } from "node:crypto";
import type { Registry } from "prom-client";
import type { AdmissionQueue } from "../queue/admission-queue.ts";
import type { UpstreamPool } from "../pool/upstream-pool.ts";
import type { Upstream } from "../pool/upstream.ts";
import { isInService } from "../policies/availability.ts";
import { addScraped } from "./scraped-metric.ts";
import { watchUpstreams } from "./shared-metrics.ts";

/** What is read at each scrape rather than counted. */
export interface WatchedParts {
  readonly pool: UpstreamPool;
  readonly queue: AdmissionQueue;
  /** In PEM; undefined: the public port does not speak TLS. */
  readonly certificate: () => Buffer | undefined;
}

/** Adds queue, upstreams and certificate to the registry. @returns what is to be told of each upstream that is removed */
export function watchPool(registry: Registry, { pool, queue, certificate }: WatchedParts): (removed: Upstream) => void {
  const gauge = (name: string, help: string, value: () => number | undefined): void =>
    addScraped(registry, "gauge", { name, help }, () => [[{}, value() ?? 0]]);
  gauge("drover_queue_depth", "Requests that wait for a slot.", () => queue.depth);
  gauge("drover_queue_limit", "Requests that may wait.", () => queue.limit);
  if (certificate() !== undefined) {
    gauge("drover_certificate_expiry_seconds", "When the certificate of the public port ends, as Unix time.", () => {
      const pem = certificate();
      return pem === undefined ? undefined : Date.parse(new X509Certificate(pem).validTo) / 1000;
    });
  }
  return watchMembers(registry, pool);
}

/** Counts of workers' earlier upstreams: a worker that comes back elsewhere is a new one, and its counters go on. */
interface Past {
  requests: number;
  failures: number;
}

const labelNames = ["worker", "upstream"];

function watchMembers(registry: Registry, pool: UpstreamPool): (removed: Upstream) => void {
  const past = new Map<string, Past>();
  const earlier = ({ worker = "" }: Upstream): Past => past.get(worker) ?? { requests: 0, failures: 0 };
  watchUpstreams(registry, labelNames, () =>
    pool.members.all.map((upstream) => ({
      labels: labelsOf(upstream),
      active: upstream.conns,
      isReady: isInService(upstream),
      requests: earlier(upstream).requests + upstream.requests,
      failures: earlier(upstream).failures + upstream.failures,
    })),
  );
  const slots = { name: "drover_upstream_slots", help: "Slots of the upstream; 0 is no limit.", labelNames };
  addScraped(registry, "gauge", slots, () =>
    pool.members.all.map((upstream) => [labelsOf(upstream), upstream.maxConns]),
  );
  return (removed) => {
    if (removed.worker === undefined) return;
    const { requests, failures } = earlier(removed);
    past.set(removed.worker, { requests: requests + removed.requests, failures: failures + removed.failures });
  };
}

/** A worker has the same label in every metric; other servers have none of ours. */
function labelsOf({ worker, id }: Upstream): Record<string, string> {
  return worker === undefined ? { upstream: id } : { worker };
}
