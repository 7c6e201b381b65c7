import { findRoute } from "@drover/contract/routes";
import type { AttemptRecord, GenerationRecord, RequestRecord } from "@drover/contract/request-record";
import { type Attributes, type Context, SpanStatusCode, trace, type Tracer } from "@opentelemetry/api";

/** Ends the span of a request that is over, with a span below it for each part of its way. Names are those of OpenTelemetry's conventions for generative AI. */
export function endRequestSpan(tracer: Tracer, context: Context, record: RequestRecord): void {
  const span = trace.getSpan(context);
  if (span === undefined) return;
  const at = (sinceMs: number) => record.receivedAtEpochMs + sinceMs;
  const part = (name: string, fromMs: number, toMs: number, attributes: Attributes) =>
    tracer.startSpan(name, { startTime: at(fromMs), attributes }, context).end(at(Math.max(fromMs, toMs)));
  const [first] = record.attempts;
  if (first !== undefined) part("queue", Math.max(0, first.atMs - record.queueMs), first.atMs, {});
  record.attempts.forEach((attempt, index) => {
    const endMs = attempt.resumed ? record.durationMs : (attempt.headMs ?? record.attempts[index + 1]?.atMs);
    part(
      attempt.resumed ? "resume" : "route",
      attempt.atMs,
      endMs ?? record.durationMs,
      routeAttributes(record, attempt, index),
    );
  });
  for (const generation of record.generations) {
    const { beganMs, firstTokenMs, lastTokenMs } = generation;
    part("prefill", beganMs, firstTokenMs ?? record.durationMs, prefillAttributes(generation));
    if (firstTokenMs !== undefined)
      part("decode", firstTokenMs, lastTokenMs ?? firstTokenMs, { "drover.steps": stepsText(generation) });
  }
  span.updateName(
    record.model === undefined ? `${record.method} ${record.route}` : `${operationOf(record)} ${record.model}`,
  );
  span.setAttributes(requestAttributes(record));
  if (record.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(at(record.durationMs));
}

/** Those whose value is known. */
function known(attributes: Readonly<Record<string, string | number | string[] | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

function requestAttributes(record: RequestRecord): Attributes {
  const { method, route, status, id, key, model, tokens, finish, firstTokenMs, upstream } = record;
  return known({
    "http.request.method": method,
    "http.route": route,
    "http.response.status_code": status,
    "error.type": status >= 500 ? String(status) : undefined,
    ...(computes(record) ? { "gen_ai.operation.name": operationOf(record), "gen_ai.provider.name": "drover" } : {}),
    "gen_ai.response.model": model,
    "gen_ai.usage.input_tokens": tokens?.prompt,
    "gen_ai.usage.cache_read.input_tokens": tokens?.cached,
    "gen_ai.usage.output_tokens": tokens?.completion,
    "gen_ai.response.finish_reasons": finish === undefined ? undefined : [finish],
    "gen_ai.response.time_to_first_chunk": firstTokenMs === undefined ? undefined : firstTokenMs / 1000,
    "drover.request.id": id,
    "drover.key": key,
    "drover.worker": upstream,
  });
}

const embeddings = /embed/;
const completions = /^\/(?:v1\/completions|completion|infill|api\/generate)$/;

/** Is the model asked for something? */
function computes({ method, route }: RequestRecord): boolean {
  return findRoute(method, route)?.takesSlot === true;
}

function operationOf({ route }: RequestRecord): string {
  if (embeddings.test(route)) return "embeddings";
  return completions.test(route) ? "text_completion" : "chat";
}

function routeAttributes({ picks }: RequestRecord, attempt: AttemptRecord, index: number): Attributes {
  return known({
    "drover.worker": attempt.upstream,
    "drover.policy": picks[index]?.policy,
    "drover.why": picks[index]?.why,
    "http.response.status_code": attempt.status,
    "error.type": attempt.error,
  });
}

function prefillAttributes({ slot, source, cachedTokens, pieces }: GenerationRecord): Attributes {
  return {
    "drover.slot": slot,
    "drover.prompt.source": source,
    "drover.prompt.cached_tokens": cachedTokens,
    "drover.prompt.pieces": [...pieces],
  };
}

/** `5 of 1, 20 of 8`: steps by the sequences in them. */
function stepsText({ steps }: GenerationRecord): string {
  return Object.entries(steps)
    .map(([size, count]) => `${count} of ${size}`)
    .join(", ");
}
