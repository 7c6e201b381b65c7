import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { AdmissionQueue } from "../queue/admission-queue.ts";
import type { UpstreamPool } from "../pool/upstream-pool.ts";
import type { Upstream } from "../pool/upstream.ts";
import { isInService } from "../policies/availability.ts";

/** What is counted, and how Prometheus gets it. */
export interface Metrics {
  readonly contentType: string;
  render(): Promise<string>;
  /** A request was answered; status 499 is a client that left. */
  countRequest(status: number, durationMs: number): void;
  countQueueWait(waitMs: number): void;
  /** A request was sent on to another upstream. */
  countRetry(): void;
  /** A worker took over another one's answer. */
  countResume(): void;
  /** A request was refused before any upstream saw it, and why. */
  countRefusal(reason: string): void;
  /** Time from the request to the first byte of its answer. */
  countFirstByte(ms: number): void;
}

const secondsBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** Metrics of one balancer, in a registry of their own, followed by the text that `more` yields. */
export function createMetrics(
  pool: UpstreamPool,
  queue: AdmissionQueue,
  more: () => Promise<string> = () => Promise.resolve(""),
): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "drover_requests_total",
    help: "Requests answered, by status; 499 is a client that left.",
    labelNames: ["status"],
    registers,
  });
  const histogram = (name: string, help: string): Histogram =>
    new Histogram({ name, help, buckets: secondsBuckets, registers });
  const durations = histogram("drover_request_duration_seconds", "From the request to the end of its answer.");
  const waits = histogram(
    "drover_queue_wait_seconds",
    "Time in the admission queue; 0 for those that went straight through.",
  );
  const firstBytes = histogram("drover_first_byte_seconds", "From the request to the head of its answer.");
  const retries = new Counter({
    name: "drover_retries_total",
    help: "Requests sent on to another upstream.",
    registers,
  });
  const resumes = new Counter({
    name: "drover_resumed_answers_total",
    help: "Streams whose worker died, and that another one went on with.",
    registers,
  });
  const refusals = new Counter({
    name: "drover_refusals_total",
    help: "Requests refused before any upstream saw them.",
    labelNames: ["reason"],
    registers,
  });
  watchQueue(registry, queue);
  watchUpstreams(registry, pool);
  return {
    contentType: registry.contentType,
    render: async () => (await Promise.all([registry.metrics(), more()])).join(""),
    countRequest(status, durationMs) {
      requests.inc({ status: String(status) });
      durations.observe(durationMs / 1000);
    },
    countQueueWait: (waitMs) => waits.observe(waitMs / 1000),
    countRetry: () => retries.inc(),
    countResume: () => resumes.inc(),
    countRefusal: (reason) => refusals.inc({ reason }),
    countFirstByte: (ms) => firstBytes.observe(ms / 1000),
  };
}

function watchQueue(registry: Registry, queue: AdmissionQueue): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    const made: Gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect(): void {
        made.set(value());
      },
    });
  };
  gauge("drover_queue_depth", "Requests that wait for a place.", () => queue.depth);
  gauge("drover_queue_limit", "Requests that may wait.", () => queue.limit);
}

function watchUpstreams(registry: Registry, pool: UpstreamPool): void {
  const metric = (kind: typeof Counter | typeof Gauge, name: string, help: string, value: (of: Upstream) => number) => {
    const made: Counter | Gauge = new kind({
      name,
      help,
      labelNames: ["upstream"],
      registers: [registry],
      collect(): void {
        // Upstreams come and go, and they count themselves: each reading is built anew.
        made.reset();
        for (const upstream of pool.upstreams) made.inc({ upstream: upstream.id }, value(upstream));
      },
    });
  };
  metric(Gauge, "drover_upstream_active", "Requests on the upstream now.", (upstream) => upstream.conns);
  metric(Gauge, "drover_upstream_slots", "Places of the upstream; 0 is no limit.", (upstream) => upstream.maxConns);
  metric(Gauge, "drover_upstream_ready", "1 while it takes requests.", (upstream) => (isInService(upstream) ? 1 : 0));
  metric(Counter, "drover_upstream_requests_total", "Requests ever sent to it.", (upstream) => upstream.requests);
  metric(Counter, "drover_upstream_failures_total", "Attempts on it that failed.", (upstream) => upstream.failures);
}
