import type { ReportedTokens, RequestReport } from "@drover/contract/request-report";
import { Counter, Histogram, type Registry } from "prom-client";
import { BoundedLabels } from "./bounded-labels.ts";
import { requestCounter, secondsBuckets } from "./shared-metrics.ts";

/** How a response is sent: event by event, or in one piece. */
export type ResponseMode = "stream" | "whole";

/** What is counted, and how Prometheus gets it. */
export type Metrics = ReturnType<typeof createMetrics>;

const tokenSecondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5];

/** There from the start, so that the first error is a growth that an alert sees. */
const statuses = [200, 400, 401, 403, 404, 405, 408, 413, 429, 431, 499, 500, 502, 503, 504].map(String);
const refusals = [
  "queue_full",
  "queue_timeout",
  "bodies_full",
  "shutting_down",
  "crashes_workers",
  "rate_limit_exceeded",
  "concurrency_limit_exceeded",
  "connection_limit",
  "missing_api_key",
  "invalid_api_key",
  "host_not_allowed",
  "origin_not_allowed",
  "bad_request",
  "request_timeout",
  "header_too_large",
  "not_implemented",
  "body_too_large",
  "version_not_supported",
  "previous_response_not_found",
  "item_not_found",
];
const finishes: readonly RequestReport["finish"][] = ["stop", "length", "tool_calls", "cancelled", "failed"];
const tokenKinds = ["prompt", "cached", "completion", "reasoning"] as const;

/** A line of `drover_tokens_total` that has a key; no label has a quote in it. */
const OF_A_KEY = /^drover_tokens_total\{[^}\n]*\bkey="([^"\n]*)"[^\n]*\n/gm;

/** Keys are the operator's own and few; more labels than this are counted together. */
const mostKeyLabels = 100;

/** Metrics of one balancer, in a registry that others may add theirs to. */
export function createMetrics(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = [], initial: Record<string, string>[] = []) => {
    const made = new Counter({ name, help, labelNames, registers });
    for (const labels of initial) made.inc(labels, 0);
    return made;
  };
  const histogram = (name: string, help: string, labelNames: string[] = [], buckets = secondsBuckets) =>
    new Histogram({ name, help, buckets, labelNames, registers });
  const countRequest = requestCounter(registry, statuses, ["route"]);
  const waits = histogram("drover_queue_wait_seconds", "Time in the queue; 0 for those that went straight through.");
  const firstBytes = histogram("drover_first_byte_seconds", "From the request to the head of its response.");
  const retries = counter("drover_retries_total", "Requests that were sent on to another upstream.");
  const resumes = counter(
    "drover_resumed_streams_total",
    "Streams whose worker died, and that another worker resumed.",
  );
  const refused = counter(
    "drover_refusals_total",
    "Requests that were refused before any upstream saw them.",
    ["reason"],
    refusals.map((reason) => ({ reason })),
  );
  const tokens = counter(
    "drover_tokens_total",
    "Tokens of requests that have ended, by kind (cached: of prompts, not evaluated; reasoning: of completions) and by the label of the API key.",
    ["kind", "key"],
    tokenKinds.map((kind) => ({ kind })),
  );
  const finished = counter(
    "drover_generations_total",
    "Requests whose tokens are known and that have ended, by what ended the generation.",
    ["finish"],
    finishes.map((finish) => ({ finish })),
  );
  const firstTokens = histogram(
    "drover_time_to_first_token_seconds",
    "From the request to its first token, in streams and in whole responses.",
    ["mode"],
  );
  const tokenTimes = histogram(
    "drover_time_per_output_token_seconds",
    "Mean time between two tokens of a response, in streams and in whole responses.",
    ["mode"],
    tokenSecondsBuckets,
  );
  const keyLabels = new BoundedLabels(mostKeyLabels);
  return {
    contentType: registry.contentType,
    /** @param onlyKey of what is counted by key only that of this label */
    async render(onlyKey?: string) {
      const text = await registry.metrics();
      return onlyKey === undefined ? text : text.replaceAll(OF_A_KEY, (line, key) => (key === onlyKey ? line : ""));
    },
    /** A request has ended; status 499 is a client that left. */
    countRequest: (route: string, status: number, durationMs: number) => countRequest(status, durationMs, { route }),
    countQueueWait: (waitMs: number) => waits.observe(waitMs / 1000),
    /** A request was sent on to another upstream. */
    countRetry: () => retries.inc(),
    /** A worker resumed another one's response. */
    countResume: () => resumes.inc(),
    /** A request was refused before any upstream saw it. */
    countRefusal: (reason: string) => refused.inc({ reason }),
    /** Time from the request to the first byte of its response. */
    countFirstByte: (ms: number) => firstBytes.observe(ms / 1000),
    countTokens(counts: ReportedTokens, keyLabel: string | undefined) {
      const key = keyLabel === undefined ? {} : { key: keyLabels.of(keyLabel) };
      for (const kind of tokenKinds) tokens.inc({ kind, ...key }, counts[kind]);
    },
    countFinish: (finish: RequestReport["finish"]) => finished.inc({ finish }),
    /** From the request to its first token, whenever the client saw it. */
    countFirstToken: (mode: ResponseMode, ms: number) => firstTokens.observe({ mode }, ms / 1000),
    /** The mean time between two tokens of one response. */
    countTokenTime: (mode: ResponseMode, ms: number) => tokenTimes.observe({ mode }, ms / 1000),
  };
}
