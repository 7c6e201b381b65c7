import type { ProxyError } from "../error-envelope.ts";
import type { Refusal } from "../queue/admission.ts";
import type { ForwardOutcome } from "./forward-task.ts";

/** A request that has crashed workers is refused by this code. */
const CONDEMNED = "crashes_workers";

/** A request that has crashed two workers comes again. */
export const condemned: ProxyError = {
  status: 500,
  message: "this request has crashed workers; it is not tried again",
  code: CONDEMNED,
};

/** The requests that are held leave no room for its body. */
export const noRoom: ProxyError = {
  status: 503,
  message: "the requests that are held now leave no room for this one's body; try again later",
  code: "bodies_full",
};

/** Why the queue sent a request away. */
export const queueRefusals: Readonly<Record<Refusal, ProxyError>> = {
  overflow: { status: 429, message: "too many requests are waiting; try again later", code: "queue_full" },
  timeout: { status: 503, message: "no worker came free in time; try again later", code: "queue_timeout" },
  closed: { status: 503, message: "the server is shutting down", code: "shutting_down" },
};

/** What the client is told where no upstream responded, after so many were tried. */
export function failureOf(
  outcome: Extract<ForwardOutcome, { kind: "failed" | "condemned" }>,
  tried: number,
): ProxyError {
  const { reason } = outcome;
  if (outcome.kind === "condemned") return { status: 500, message: reason, code: CONDEMNED };
  if (outcome.status === 504) {
    return { status: 504, message: `the upstream did not respond in time: ${reason}`, code: "upstream_timeout" };
  }
  if (tried === 0) return { status: 502, message: "no upstream can take the request now", code: "no_live_upstream" };
  return { status: 502, message: `no upstream responded (${tried} tried): ${reason}`, code: "upstream_failed" };
}
