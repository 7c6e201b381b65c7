import type { Peer } from "./peer.ts";
import { pickDrawn } from "./pick-drawn.ts";
import { isCandidate, type PickContext, type PickState, type PolicyDefinition } from "./policy.ts";
import { drawPeer } from "./random.ts";

export const policy = {
  name: "random_two",
  pick: pickRandomTwo,
  parse: (directive) => (/^random two(?: least_conn)?$/.test(directive.join(" ")) ? {} : undefined),
} as const satisfies PolicyDefinition;

/**
 * Two peers at random, by weight; the one with fewer leases for its weight.
 * Source: nginx `ngx_http_upstream_get_random2_peer` (`random two least_conn`).
 */
function pickRandomTwo(state: PickState, context: PickContext): Peer | undefined {
  let first: Peer | undefined;
  return pickDrawn(state, context, () => {
    const peer = drawPeer(state, context);
    if (peer === undefined || peer === first || !isCandidate(peer, state, context.nowMs)) return undefined;
    const other = first;
    first = peer;
    return other === undefined ? undefined : lessLoaded(other, peer);
  });
}

function lessLoaded(first: Peer, second: Peer): Peer {
  return second.conns * first.weight > first.conns * second.weight ? first : second;
}
