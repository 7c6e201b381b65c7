import type { IncomingMessage } from "node:http";
import type { PickState } from "../policies/policy.ts";
import type { Metrics } from "../own-routes/metrics.ts";
import type { Admission, AdmissionQueue, Leaver } from "./admission-queue.ts";
import type { Lease } from "../pool/lease.ts";
import type { UpstreamPool } from "../pool/upstream-pool.ts";

/** Why a request was sent away without an upstream. */
export type Refusal = "overflow" | "timeout" | "closed";

/** Gets one request its places, attempt after attempt. */
export interface Admitter {
  readonly acquire: (pick: PickState) => Promise<Lease | undefined> | Lease | undefined;
  /** Set when `acquire` gave nothing because of the queue. */
  refusal(): Refusal | undefined;
  /** Time spent in the queue, over all attempts. */
  waitedMs(): number;
}

export interface AdmitParts {
  readonly pool: UpstreamPool;
  readonly queue: AdmissionQueue;
  readonly metrics: Metrics;
  readonly onQueueWait: (waitMs: number) => void;
  readonly onWakeNeeded: () => void;
}

/** Who wants a place. */
export interface Applicant {
  readonly request: IncomingMessage;
  readonly response: Leaver;
  /** Between owners the queue is fair. */
  readonly owner: string;
  readonly onPlace?: ((place: number) => void) | undefined;
}

/** The request's way to a place: at once where there is one and nobody waits, through the queue where one may come, else none. */
export function createAdmitter({ request, response, owner, onPlace }: Applicant, parts: AdmitParts): Admitter {
  const { pool, queue } = parts;
  let refusal: Refusal | undefined;
  let waited = 0;
  const settle = (admission: Admission): Lease | undefined => {
    if (admission.kind === "granted") {
      waited += admission.waitedMs;
      count(admission.waitedMs);
      return admission.lease;
    }
    refusal = admission.kind === "aborted" || admission.kind === "none" ? undefined : admission.kind;
    return undefined;
  };
  const count = (waitMs: number): void => {
    parts.metrics.countQueueWait(waitMs);
    parts.onQueueWait(waitMs);
  };
  const acquire = (pick: PickState): Promise<Lease | undefined> | Lease | undefined => {
    const beside = needsNoSlot(request) ? pool.acquireBeside(pick) : undefined;
    if (beside !== undefined) return beside;
    const again = pick.tried.size > 0;
    const lease = queue.closed ? undefined : queue.depth === 0 || again ? pool.acquire(pick) : undefined;
    if (lease !== undefined) {
      count(0);
      return lease;
    }
    const vacancy = pool.vacancy(pick);
    if (vacancy === "none" && !queue.closed) return undefined;
    if (vacancy === "waiting") parts.onWakeNeeded();
    return queue
      .wait({ pick, owner, client: response, again, ...(onPlace === undefined ? {} : { onPlace }) })
      .then(settle);
  };
  return { acquire, refusal: () => refusal, waitedMs: () => waited };
}

const slotless: ReadonlySet<string> = new Set(["/tokenize", "/detokenize", "/v1/messages/count_tokens"]);

/** Reads and counting of tokens run beside the slots of a worker. */
function needsNoSlot(request: IncomingMessage): boolean {
  if (request.headers.upgrade !== undefined) return false;
  return request.method === "GET" || request.method === "HEAD" || slotless.has(request.url ?? "");
}
