import type { Balancer } from "@drover/balancer";
import type { RequestRecord, RequestSummary } from "@drover/contract/request-record";
import { SupervisorError } from "../errors.ts";

const MOST_LISTED = 50;

/** A request that has ended lately, or without an id the last ones. @throws SupervisorError `refused` where it is not known */
export function explainRequest(
  balancer: Pick<Balancer, "explain" | "recentRequests">,
  id: string | undefined,
): RequestRecord | readonly RequestSummary[] {
  if (id === undefined) return balancer.recentRequests(MOST_LISTED);
  const found = balancer.explain(id);
  if (found !== undefined) return found;
  const message = `no request "${id}" is among the last that have ended (log.explain says how many are kept); its id is in the response's x-request-id`;
  throw new SupervisorError("refused", message);
}
