import { markChecked, type Peer } from "./peer.ts";
import { isCandidate, type PickContext, type PickState, type PolicyDefinition } from "./policy.ts";
import { pickLeastConn } from "./least-conn.ts";

export const policy = {
  name: "prefix",
  pick: pickPrefix,
} as const satisfies PolicyDefinition;

/**
 * The lowest estimated seconds: prompt tokens the worker does not hold yet, and the tokens it still has to make, over its measured
 * speed. Ties, and upstreams of which nothing is known, go by `least_conn`.
 */
function pickPrefix(state: PickState, context: PickContext): Peer | undefined {
  const { cost } = state;
  if (cost === undefined || state.group.single) return pickLeastConn(state, context);
  let best: Peer | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  let tied = false;
  for (const peer of state.group.peers) {
    if (!isCandidate(peer, state, context.nowMs)) continue;
    const seconds = cost(peer);
    if (seconds < lowest) [best, lowest, tied] = [peer, seconds, false];
    else if (seconds === lowest) tied = true;
  }
  if (best === undefined || tied) return pickLeastConn(state, context);
  markChecked(best, context.nowMs);
  return best;
}
