import type { AttemptRecord, GenerationRecord, RequestRecord } from "@drover/contract/request-record";
import type { RequestReport } from "@drover/contract/request-report";
import { findRoute } from "@drover/contract/routes";
import type { ClientRequest, Ending } from "../request/client-request.ts";
import type { Reported } from "./request-reports.ts";

/** Puts together what the balancer saw and what the worker told. */
export function recordOf(
  request: ClientRequest,
  end: Ending & { readonly durationMs: number; readonly endedAtEpochMs: number },
  reported: Reported | undefined,
): RequestRecord {
  const { receivedAtMs, clientAddress } = request.arrival;
  const { report } = reported ?? {};
  const generations = generationsOf(reported, receivedAtMs);
  const attempts = attemptsOf(request);
  return {
    id: request.id,
    client: clientAddress,
    key: request.keyLabel,
    method: request.method,
    target: request.target,
    route: routeOf(request),
    mode: request.isStream ? "stream" : "whole",
    status: end.status,
    bytes: end.bodyBytes,
    receivedAtEpochMs: Math.round(end.endedAtEpochMs - end.durationMs),
    durationMs: round(end.durationMs),
    queueMs: round(request.queueMs),
    picks: request.decisions,
    attempts,
    upstream: attempts.at(-1)?.upstream,
    tries: attempts.length,
    model: report?.model,
    tokens: report?.tokens,
    finish: report?.finish,
    ...tokenTimes(request, report, generations),
    generations,
  };
}

export function routeOf({ method, target }: Pick<ClientRequest, "method" | "target">): string {
  return findRoute(method, target)?.path ?? "other";
}

function attemptsOf({ attempts, arrival, resumedAttempts }: ClientRequest): readonly AttemptRecord[] {
  return attempts.map(({ upstream, startedAtMs, headerMs, status, error }, index) => ({
    upstream: upstream.worker ?? upstream.id,
    atMs: round(startedAtMs - arrival.receivedAtMs),
    headMs: headerMs === undefined ? undefined : round(startedAtMs + headerMs - arrival.receivedAtMs),
    status,
    error,
    resumed: resumedAttempts.has(index),
  }));
}

/** Of a resumed response the worker that began it is gone, with the time of its first token. */
function tokenTimes(
  request: ClientRequest,
  report: RequestReport | undefined,
  generations: readonly GenerationRecord[],
) {
  const first = earliest(generations.map(({ firstTokenMs }) => firstTokenMs));
  const last = generations.at(-1)?.lastTokenMs;
  const between = (report?.tokens.completion ?? 0) - generations.length;
  if (first === undefined || last === undefined || request.resumedAttempts.size > 0)
    return { firstTokenMs: undefined, tokenMs: undefined };
  // Of several choices side by side the time of each is not known apart.
  const isOne = generations.every(
    ({ beganMs }, index) => index === 0 || beganMs >= (generations[index - 1]?.lastTokenMs ?? 0),
  );
  return { firstTokenMs: first, tokenMs: isOne && between > 0 ? round((last - first) / between) : undefined };
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function generationsOf(reported: Reported | undefined, receivedAtMs: number): readonly GenerationRecord[] {
  if (reported === undefined) return [];
  const since = (agoMs: number) => round(reported.atMs - agoMs - receivedAtMs);
  return reported.report.generations.map(({ ago, ...generation }) => ({
    ...generation,
    askedMs: since(ago.asked),
    beganMs: since(ago.began),
    firstTokenMs: ago.firstToken === undefined ? undefined : since(ago.firstToken),
    lastTokenMs: ago.lastToken === undefined ? undefined : since(ago.lastToken),
  }));
}

function round(ms: number): number {
  return Math.round(10 * ms) / 10;
}
