import { X509Certificate } from "node:crypto";
import type { Registry } from "prom-client";
import type { AdmissionQueue } from "../queue/admission-queue.ts";
import type { UpstreamPool } from "../pool/upstream-pool.ts";
import type { Upstream } from "../pool/upstream.ts";
import { isInService } from "../policies/availability.ts";
import { addScraped } from "./scraped-metric.ts";

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
  return watchUpstreams(registry, pool);
}

/** Counts of workers' earlier upstreams: a worker that comes back elsewhere is a new one, and its counters go on. */
interface Past {
  requests: number;
  failures: number;
}

function watchUpstreams(registry: Registry, pool: UpstreamPool): (removed: Upstream) => void {
  const past = new Map<string, Past>();
  const metric = (kind: "counter" | "gauge", name: string, help: string, value: (of: Upstream) => number) =>
    addScraped(registry, kind, { name, help, labelNames: ["worker", "upstream"] }, () =>
      pool.members.all.map((upstream) => [labelsOf(upstream), value(upstream)]),
    );
  const earlier = ({ worker = "" }: Upstream): Past => past.get(worker) ?? { requests: 0, failures: 0 };
  metric("gauge", "drover_upstream_active", "Requests on the upstream now.", (upstream) => upstream.conns);
  metric("gauge", "drover_upstream_slots", "Slots of the upstream; 0 is no limit.", (upstream) => upstream.maxConns);
  metric("gauge", "drover_upstream_ready", "1 while it takes requests.", (upstream) => (isInService(upstream) ? 1 : 0));
  metric(
    "counter",
    "drover_upstream_requests_total",
    "Requests that were ever sent to it.",
    (upstream) => earlier(upstream).requests + upstream.requests,
  );
  metric(
    "counter",
    "drover_upstream_failures_total",
    "Attempts on it that failed.",
    (upstream) => earlier(upstream).failures + upstream.failures,
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
