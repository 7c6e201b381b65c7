import type { BalancerStatus } from "@drover/balancer";
import type { UpstreamRow } from "../admin/drover-status.ts";

/** The servers that Drover does not own, as `drover status` shows them. */
export function upstreamRows({ upstreams }: Pick<BalancerStatus, "upstreams">): readonly UpstreamRow[] {
  return upstreams
    .filter(({ owned }) => !owned)
    .map(({ id, origin, ready, down, draining, active, requests, failures, lastFailure }) => ({
      id,
      origin,
      state: down || !ready ? "down" : draining ? "draining" : "ready",
      active,
      requests,
      failures,
      lastFailure: lastFailure ?? null,
    }));
}
