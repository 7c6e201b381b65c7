import { Counter, Histogram, type Registry } from "prom-client";
import { addScraped } from "./scraped-metric.ts";

export const secondsBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/**
 * Adds the metrics of requests that have ended.
 * @param statuses those that are there from the start
 * @param durationLabels names of the labels that each request comes with
 * @returns counts a request; status 499 is a client that left
 */
export function requestCounter(registry: Registry, statuses: readonly string[], durationLabels: readonly string[]) {
  const requests = new Counter({
    name: "drover_requests_total",
    help: "Requests that got a response, by status; 499 is a client that left.",
    labelNames: ["status"],
    registers: [registry],
  });
  const durations = new Histogram({
    name: "drover_request_duration_seconds",
    help: "From the request to the end of its response.",
    buckets: secondsBuckets,
    labelNames: [...durationLabels],
    registers: [registry],
  });
  for (const status of statuses) requests.inc({ status }, 0);
  return (status: number, durationMs: number, labels: Record<string, string> = {}): void => {
    requests.inc({ status: String(status) });
    durations.observe(labels, durationMs / 1000);
  };
}

/** An upstream at a scrape. */
export interface UpstreamFigures {
  /** Which upstream it is. */
  readonly labels: Record<string, string>;
  readonly active: number;
  readonly isReady: boolean;
  readonly requests: number;
  readonly failures: number;
}

const ofUpstreams = [
  ["active", "gauge", "drover_upstream_active", "Requests on the upstream now."],
  ["isReady", "gauge", "drover_upstream_ready", "1 while it takes requests."],
  ["requests", "counter", "drover_upstream_requests_total", "Requests that were ever sent to it."],
  ["failures", "counter", "drover_upstream_failures_total", "Attempts on it that failed."],
] as const;

/** Adds the metrics of upstreams, which are read at each scrape. */
export function watchUpstreams(
  registry: Registry,
  labelNames: readonly string[],
  read: () => readonly UpstreamFigures[],
): void {
  for (const [figure, kind, name, help] of ofUpstreams)
    addScraped(registry, kind, { name, help, labelNames }, () => read().map((of) => [of.labels, Number(of[figure])]));
}
