import type { RequestRecord } from "@drover/contract/request-record";
import type { IncomingHttpHeaders } from "node:http";

/** Begins a trace for each request, or continues the one that its headers name. */
export interface RequestTracing {
  begin(headers: IncomingHttpHeaders, nowEpochMs: number): RequestTrace;
}

export interface RequestTrace {
  /** What upstreams are sent instead of the client's `traceparent` and `tracestate`. */
  readonly headers: readonly string[];
  /** The request is over. */
  end(record: RequestRecord): void;
}
