import { type Peer, wholeSeconds } from "./peer.ts";

/**
 * Whether a request may be given to this peer now. Every decision about that is made in this file: policies ask `isAvailable`, the pool and the balancer's
 * own routes ask for the part that they need.
 * Source: caddy's `Available = Healthy && !Full`; the conditions at the head of nginx's `ngx_http_upstream_get_peer`.
 */
export function isAvailable(peer: Peer, nowMs: number): boolean {
  return hasRoom(peer) && !isFailing(peer, nowMs);
}

/** In service, and not every slot is taken. A lone server is used by this rule: its failures would leave nobody to ask (nginx `peers->single`). */
export function hasRoom(peer: Peer): boolean {
  return isInService(peer) && !isFull(peer);
}

/** Takes requests as soon as it has room: loaded, not marked down and not draining. */
export function isInService(peer: Peer): boolean {
  return peer.ready && !peer.down && !peer.draining;
}

export type ServiceState = "ready" | "draining" | "down";

/** What users are told of it. */
export function serviceState(peer: Peer): ServiceState {
  if (isInService(peer)) return "ready";
  return peer.ready && !peer.down ? "draining" : "down";
}

/** Out because of its failures: `max_fails` reached and `fail_timeout` not yet over. */
export function isFailing(peer: Peer, nowMs: number): boolean {
  return (
    peer.maxFails > 0 && peer.fails >= peer.maxFails && wholeSeconds(nowMs) - peer.checkedAt <= peer.failTimeoutSeconds
  );
}

/** Every slot is taken, or one request has all of them. */
export function isFull(peer: Peer): boolean {
  return isReserved(peer) || (peer.maxConns > 0 && peer.conns >= peer.maxConns);
}

/** One request has it alone, or will have it as soon as it is empty. */
export function isReserved(peer: Peer): boolean {
  return peer.aloneFor !== undefined;
}

/** Of a peer with a limit. */
export function freeSlots(peer: Peer): number {
  return isReserved(peer) ? 0 : Math.max(0, peer.maxConns - peer.conns);
}
