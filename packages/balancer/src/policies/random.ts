import { peerAtWeight } from "./peer-at-weight.ts";
import { markChecked, type Peer } from "./peer.ts";
import { isCandidate, type PickContext, type PickState, type PolicyDefinition } from "./policy.ts";
import { pickRoundRobin } from "./round-robin.ts";

/** Looks before round robin decides. */
export const maxLooks = 20;

export const policy = {
  name: "random",
  pick: pickRandom,
  parse: (directive) => (directive.join(" ") === "random" ? {} : undefined),
} as const satisfies PolicyDefinition;

/** One peer at random, by weight. Source: nginx `ngx_http_upstream_get_random_peer`. */
function pickRandom(state: PickState, context: PickContext): Peer | undefined {
  if (state.hashTries > maxLooks || state.group.peers.length < 2) return pickRoundRobin(state, context);
  while (true) {
    const peer = drawPeer(state, context);
    if (peer !== undefined && isCandidate(peer, state, context.nowMs)) {
      markChecked(peer, context.nowMs);
      return peer;
    }
    state.hashTries += 1;
    if (state.hashTries > maxLooks) return pickRoundRobin(state, context);
  }
}

/** A peer at random, by weight; whether it may take the request is still to be asked. */
export function drawPeer(state: PickState, context: PickContext): Peer | undefined {
  return peerAtWeight(state.group.peers, Math.floor(context.random() * state.group.totalWeight));
}
