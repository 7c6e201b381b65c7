import type { BalancerStatus } from "@drover/balancer";
import type { UpstreamRow } from "../../admin/drover-status.ts";

/** The servers that Drover does not own, as `drover status` shows them. */
export function upstreamRows({ upstreams }: Pick<BalancerStatus, "upstreams">): readonly UpstreamRow[] {
  return upstreams
    .filter(({ owned }) => !owned)
    .map(({ id, origin, state, active, requests, failures, lastFailure }) => ({
      id,
      origin,
      state,
      active,
      requests,
      failures,
      lastFailure: lastFailure ?? null,
    }));
}
