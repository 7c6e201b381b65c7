import type { Logger } from "pino";
import type { Metrics } from "../own-routes/metrics.ts";
import type { Admission, Claim } from "../queue/admission.ts";
import type { ClientRequest } from "./client-request.ts";
import type { ForwardOutcome } from "./forward-task.ts";
import { failureOf, queueRefusals } from "./request-errors.ts";
import { endWithError } from "./stream-pings.ts";

interface Parts {
  readonly admission: Pick<Admission, "retryAfterSeconds">;
  readonly metrics: Pick<Metrics, "countRetry" | "countRefusal">;
  readonly logger: Logger;
}

/** Sends an error where no upstream responded, and ends the request. */
export function concludeRequest(request: ClientRequest, outcome: ForwardOutcome, claim: Claim, parts: Parts): void {
  const { attempts } = request;
  const last = attempts.at(-1);
  for (let retry = 1; retry < attempts.length; retry += 1) parts.metrics.countRetry();
  if (outcome.kind === "broken") {
    const details = { id: request.id, upstream: last?.upstream.id, reason: outcome.reason };
    parts.logger.warn(details, "an upstream broke off its response");
  }
  if (outcome.kind === "condemned") {
    const upstreams = attempts.map(({ upstream }) => upstream.id);
    const { reason } = outcome;
    parts.logger.error({ id: request.id, upstreams, reason }, "a request that crashes workers is refused");
  }
  if (outcome.kind === "failed" || outcome.kind === "condemned") {
    const bodyBytes = sendFailure(request, outcome, claim, parts);
    request.end({ status: request.response.statusCode, bodyBytes });
    return;
  }
  const switched = last?.status === 101 ? 101 : request.response.statusCode;
  request.end({ status: outcome.kind === "client-gone" ? 499 : switched, bodyBytes: last?.bodyBytes ?? 0 });
}

type Failed = Extract<ForwardOutcome, { kind: "failed" | "condemned" }>;

/** @returns bytes of the response's body */
function sendFailure(request: ClientRequest, outcome: Failed, claim: Claim, { metrics, admission }: Parts): number {
  const { response } = request;
  const { refusal } = claim;
  const error = refusal === undefined ? failureOf(outcome, request.attempts.length) : queueRefusals[refusal];
  if (refusal !== undefined) metrics.countRefusal(error.code);
  const retryAfter = refusal === undefined ? [] : ["Retry-After", String(admission.retryAfterSeconds(claim))];
  if (response.headersSent) return endWithError(response, error);
  return request.sendError(error, retryAfter);
}
