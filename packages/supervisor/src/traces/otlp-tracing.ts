import type { IncomingHttpHeaders } from "node:http";
import type { RequestTracing } from "@drover/balancer";
import { packageVersion } from "@drover/foundation/files/package-version";
import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { setGlobalErrorHandler, W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { Logger } from "pino";
import { endRequestSpan } from "./request-spans.ts";

/** Traces that are sent to a collector. */
export interface OtlpTracing extends RequestTracing {
  /** Sends what is left, for a moment at most. */
  close(): Promise<void>;
}

const SEND_EVERY_MS = 1000;
const LONGEST_SEND_MS = 2000;

/** Traces by OTLP over HTTP, as JSON. Only imported where traces are asked for: the SDK is many files. */
export function openOtlpTracing(url: string, logger: Logger): OtlpTracing {
  const version = packageVersion();
  const exporter = new OTLPTraceExporter({ url: tracesUrl(url), timeoutMillis: LONGEST_SEND_MS });
  const limits = { scheduledDelayMillis: SEND_EVERY_MS, exportTimeoutMillis: LONGEST_SEND_MS };
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "drover", "service.version": version }),
    spanProcessors: [new BatchSpanProcessor({ exporter, ...limits })],
  });
  const tracer: Tracer = provider.getTracer("drover", version);
  const propagator = new W3CTraceContextPropagator();
  warnOfTrouble(url, logger);
  return {
    begin: (headers, nowEpochMs) => {
      const parent = propagator.extract(ROOT_CONTEXT, wellFormed(headers), defaultTextMapGetter);
      const span = tracer.startSpan("request", { kind: SpanKind.SERVER, startTime: nowEpochMs }, parent);
      const context = trace.setSpan(parent, span);
      return { headers: headersOf(propagator, context), end: (record) => endRequestSpan(tracer, context, record) };
    },
    close: () => provider.shutdown().catch(() => {}),
  };
}

/** As OTEL_EXPORTER_OTLP_ENDPOINT has it: a collector's address, to which the path of traces is added. */
function tracesUrl(url: string): string {
  const parsed = new URL(url);
  if (parsed.pathname === "/") parsed.pathname = "/v1/traces";
  return parsed.toString();
}

/** Sent twice, the header says nothing. */
function wellFormed(headers: IncomingHttpHeaders): Record<string, string> {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== "string") return {};
  return { traceparent, ...(typeof tracestate === "string" && { tracestate }) };
}

function headersOf(propagator: W3CTraceContextPropagator, context: Context): readonly string[] {
  const carrier: Record<string, string> = {};
  propagator.inject(context, carrier, defaultTextMapSetter);
  return Object.entries(carrier).flat();
}

/** A collector that cannot be reached harms no request; it is said once for each reason. */
function warnOfTrouble(url: string, logger: Logger): void {
  const logged = new Set<string>();
  setGlobalErrorHandler((error) => {
    const reason = typeof error === "string" ? error : (error.message ?? "unknown reason");
    if (logged.has(reason)) return;
    logged.add(reason);
    logger.warn({ reason }, `traces cannot be sent to ${url}; they are dropped`);
  });
}
