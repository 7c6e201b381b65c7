import type { ReportedTokens, RequestReport } from "@drover/contract/request-report";
import { findRoute } from "@drover/contract/routes";
import type { PickDecision } from "../pool/pick-decision.ts";
import type { ClientRequest, Ending } from "../request/client-request.ts";
import type { ResponseMode } from "../own-routes/metrics.ts";
import type { Reported } from "./request-reports.ts";

/** One try on one upstream. Times are milliseconds since the request came. */
export interface AttemptRecord {
  readonly upstream: string;
  readonly atMs: number;
  readonly headMs: number | undefined;
  readonly status: number | undefined;
  readonly error: string | undefined;
  /** It resumed the response of the attempt before it. */
  readonly resumed: boolean;
}

/** One generation in a worker. Times are milliseconds since the request came. */
export interface GenerationRecord extends Omit<RequestReport["generations"][number], "ago"> {
  readonly askedMs: number;
  readonly beganMs: number;
  readonly firstTokenMs: number | undefined;
  readonly lastTokenMs: number | undefined;
}

/** What is known of a request that is over. Nothing of its text, and no key but its label. */
export interface RequestRecord {
  readonly id: string;
  readonly client: string;
  readonly key: string | undefined;
  readonly method: string;
  readonly target: string;
  /** Its path where that is one of Drover's routes, else `other`: there are few of them. */
  readonly route: string;
  readonly mode: ResponseMode;
  readonly status: number;
  readonly bytes: number;
  readonly receivedAtEpochMs: number;
  readonly durationMs: number;
  readonly queueMs: number;
  /** Who chose the upstreams, and from whom; empty where nobody keeps that. */
  readonly picks: readonly PickDecision[];
  readonly attempts: readonly AttemptRecord[];
  /** Of the worker that ended it; undefined: none has told of it. */
  readonly model: string | undefined;
  readonly tokens: ReportedTokens | undefined;
  readonly finish: RequestReport["finish"] | undefined;
  readonly firstTokenMs: number | undefined;
  /** Mean time between two tokens. */
  readonly tokenMs: number | undefined;
  readonly generations: readonly GenerationRecord[];
}

/** Puts together what the balancer saw and what the worker told. */
export function recordOf(
  request: ClientRequest,
  end: Ending & { readonly durationMs: number; readonly endedAtEpochMs: number },
  reported: Reported | undefined,
): RequestRecord {
  const { receivedAtMs, clientAddress } = request.arrival;
  const { report } = reported ?? {};
  const generations = generationsOf(reported, receivedAtMs);
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
    attempts: attemptsOf(request),
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
