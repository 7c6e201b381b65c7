import type { AttemptRecord, GenerationRecord, RequestRecord } from "@drover/contract/request-record";
import type { ReportedTokens } from "@drover/contract/request-report";
import type { ClientRequest, Ending } from "../request/client-request.ts";
import type { Reported } from "./request-reports.ts";

/** Puts together what the balancer saw and what the worker generated. */
export function recordOf(
  request: ClientRequest,
  end: Ending & { readonly durationMs: number; readonly endedAtEpochMs: number },
  reported: Reported | undefined,
): RequestRecord {
  const { receivedAtMs, clientAddress } = request.arrival;
  const generations = generationsOf(reported, receivedAtMs, end.durationMs);
  const attempts = attemptsOf(request);
  const generated = generatedOf(request, reported, generations, end.durationMs);
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
    model: generated.model,
    tokens: generated.tokens,
    asked: generated.asked,
    finish: generated.finish,
    firstTokenMs: generated.firstTokenMs,
    tokenMs: generated.tokenMs,
    generations,
  };
}

type Generated = Pick<RequestRecord, "model" | "tokens" | "asked" | "finish" | "firstTokenMs" | "tokenMs">;

/** What the worker reports, or else what the response of another server says. */
function generatedOf(
  request: ClientRequest,
  reported: Reported | undefined,
  generations: readonly GenerationRecord[],
  durationMs: number,
): Generated {
  if (request.foreignUsage === undefined) {
    const { model, tokens, asked, finish } = reported?.report ?? {};
    return { model, tokens, asked, finish, ...tokenTimes(request, tokens, generations) };
  }
  const { firstEventMs, model, tokens, finish } = request.foreignUsage.read();
  if (!request.isStream || firstEventMs === undefined) return { model, tokens, finish };
  const firstTokenMs = round(firstEventMs - request.arrival.receivedAtMs);
  const between = (tokens?.completion ?? 0) - 1;
  const tokenMs = between > 0 ? round((durationMs - firstTokenMs) / between) : undefined;
  return { model, tokens, finish, firstTokenMs, tokenMs };
}

export function routeOf({ route }: Pick<ClientRequest, "route">): string {
  return route?.path ?? "other";
}

function attemptsOf({ attempts, arrival, resumedAttempts }: ClientRequest): readonly AttemptRecord[] {
  return attempts.map(({ upstream, startedAtMs, headerMs, status, error }, index) => ({
    upstream: upstream.worker ?? upstream.id,
    atMs: round(startedAtMs - arrival.receivedAtMs),
    headMs: headerMs === undefined ? undefined : round(startedAtMs + headerMs - arrival.receivedAtMs),
    status,
    error,
    resumed: resumedAttempts.includes(index),
  }));
}

/** A resumed response began with the head of the first worker's, which comes with a token; that worker is gone, with what else it knew. */
function tokenTimes(
  { resumedAttempts, attempts, arrival }: ClientRequest,
  tokens: ReportedTokens | undefined,
  generations: readonly GenerationRecord[],
): Pick<Generated, "firstTokenMs" | "tokenMs"> {
  const isResumed = resumedAttempts.length > 0;
  const begun = isResumed
    ? attempts.find(({ headerMs, status }) => headerMs !== undefined && status === 200)
    : undefined;
  const first =
    begun === undefined
      ? earliest(generations.map(({ firstTokenMs }) => firstTokenMs))
      : round(begun.startedAtMs + (begun.headerMs ?? 0) - arrival.receivedAtMs);
  const last = generations.at(-1)?.lastTokenMs;
  if (first === undefined || last === undefined) return { firstTokenMs: first };
  const between = (tokens?.completion ?? 0) - (isResumed ? 1 : generations.length);
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

/** A worker tells how long ago things were. Where its message says that a token came after the response had ended, it has been on the way for that long. */
function generationsOf(
  reported: Reported | undefined,
  receivedAtMs: number,
  durationMs: number,
): readonly GenerationRecord[] {
  if (reported === undefined) return [];
  const { atMs, report } = reported;
  const lastAgoMs = Math.min(...report.generations.map(({ ago }) => ago.lastToken ?? ago.began));
  const delayMs = Math.max(0, atMs - lastAgoMs - receivedAtMs - durationMs);
  const since = (agoMs: number) => round(atMs - delayMs - agoMs - receivedAtMs);
  return report.generations.map(({ ago, ...generation }) => ({
    askedMs: since(ago.asked),
    beganMs: since(ago.began),
    firstTokenMs: ago.firstToken === undefined ? undefined : since(ago.firstToken),
    lastTokenMs: ago.lastToken === undefined ? undefined : since(ago.lastToken),
    ...generation,
  }));
}

function round(ms: number): number {
  return Math.round(10 * ms) / 10;
}
