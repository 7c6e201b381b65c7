import { markChecked, type Peer } from "./peer.ts";
import { isCandidate, type PickContext, type PickState, type PolicyDefinition } from "./policy.ts";
import { drawPeer, maxLooks } from "./random.ts";
import { pickRoundRobin } from "./round-robin.ts";

export const policy = {
  name: "random_two",
  pick: pickRandomTwo,
  parse: (directive) => (/^random two(?: least_conn)?$/.test(directive.join(" ")) ? {} : undefined),
} as const satisfies PolicyDefinition;

/**
 * Two peers at random, by weight; the one with fewer leases for its weight. After 20 looks that found no pair, round robin.
 * Source: nginx `ngx_http_upstream_get_random2_peer` (`random two least_conn`).
 */
function pickRandomTwo(state: PickState, context: PickContext): Peer | undefined {
  if (state.hashTries > maxLooks || state.group.peers.length < 2) return pickRoundRobin(state, context);
  let first: Peer | undefined;
  while (true) {
    const peer = drawPeer(state, context);
    if (peer !== undefined && peer !== first && isCandidate(peer, state, context.nowMs)) {
      if (first !== undefined) {
        const chosen = lessLoaded(first, peer);
        markChecked(chosen, context.nowMs);
        return chosen;
      }
      first = peer;
    }
    state.hashTries += 1;
    if (state.hashTries > maxLooks) return pickRoundRobin(state, context);
  }
}

function lessLoaded(first: Peer, second: Peer): Peer {
  return second.conns * first.weight > first.conns * second.weight ? first : second;
}
