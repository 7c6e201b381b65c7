import type { Peer } from "./peer.ts";
import { peerAtWeight, pickDrawn } from "./pick-drawn.ts";
import type { PickContext, PickState, PolicyDefinition } from "./policy.ts";

export const policy = {
  name: "random",
  pick: pickRandom,
  parse: (directive) => (directive.join(" ") === "random" ? {} : undefined),
} as const satisfies PolicyDefinition;

/** One peer at random, by weight. Source: nginx `ngx_http_upstream_get_random_peer`. */
function pickRandom(state: PickState, context: PickContext): Peer | undefined {
  return pickDrawn(state, context, () => drawPeer(state, context));
}

/** A peer at random, by weight; whether it may take the request is still to be asked. */
export function drawPeer(state: PickState, context: PickContext): Peer | undefined {
  return peerAtWeight(state.group.peers, Math.floor(context.random() * state.group.totalWeight));
}
