import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { BalancerRules } from "../balancer-settings.ts";
import type { Clock } from "@drover/foundation/clock";
import { logAccess } from "./access-log.ts";
import type { FrontDoor } from "../access/front-door.ts";
import type { Metrics } from "../own-routes/metrics.ts";

/** What is counted and logged of a request, or of a connection that changes its protocol. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly requestId: string;
  readonly clientAddress: string;
  readonly startedAtMs: number;
  /** Label of the key that was used. */
  keyLabel: string | undefined;
}

/** A request on its way through the balancer. */
export interface Passage extends Visit {
  readonly response: ServerResponse;
  readonly path: string;
  /** Fields that every answer to it carries. */
  readonly extraHeaders: readonly string[];
}

export interface Ending {
  /** 499 for a client that left. */
  readonly status: number;
  /** Of the answer that was sent, whoever made it. */
  readonly bodyBytes: number;
  readonly queueMs: number;
  readonly upstreams: readonly string[];
}

export interface PassageParts {
  readonly metrics: Metrics;
  readonly rules: () => BalancerRules;
  readonly door: () => FrontDoor;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** The end of a request that no upstream saw. */
export function endedHere(status: number, bodyBytes: number): Ending {
  return { status, bodyBytes, queueMs: 0, upstreams: [] };
}

/** Counts and logs a request that is over. */
export function finish(visit: Visit, parts: PassageParts, ending: Ending): void {
  const { request, requestId, clientAddress, startedAtMs, keyLabel } = visit;
  const durationMs = parts.clock.monotonicMs() - startedAtMs;
  parts.metrics.countRequest(ending.status, durationMs);
  const entry = {
    request,
    requestId,
    clientAddress,
    keyLabel,
    durationMs,
    endedAtEpochMs: parts.clock.epochMs(),
    ...ending,
  };
  logAccess(parts.logger, parts.rules().accessFormat, entry);
}
