/**
 * A server as a policy sees it: nginx's `ngx_http_upstream_rr_peer_t`, plus what Drover knows of a worker it owns.
 * The pool owns it and changes it; a policy changes the two running weights and `checkedAt` only.
 */
export interface Peer {
  readonly id: string;
  /** As written in the configuration (`127.0.0.1:8081`); the consistent hash places it by this name. */
  readonly server: string;
  /** @default 1 */
  weight: number;
  /** Most leases at a time; 0 is no limit. */
  maxConns: number;
  /** Failures within `failTimeoutSeconds` that take it out; 0 turns the accounting off. */
  maxFails: number;
  failTimeoutSeconds: number;
  /** 0 is off. */
  slowStartMs: number;
  /** Marked down in the configuration, or by active checks. */
  down: boolean;
  /** False while a worker loads or is gone. */
  ready: boolean;
  draining: boolean;
  /** The request that runs, or is about to run, alone on it; undefined: none does. */
  aloneFor: object | undefined;
  /** Leases held now. */
  conns: number;
  fails: number;
  /** Whole seconds, as nginx counts: the last failure. */
  accessedAt: number;
  /** Whole seconds: the last failure, or the last time it was let through to try again. */
  checkedAt: number;
  effectiveWeight: number;
  currentWeight: number;
  /** When it last came back, for `slowStartMs`; undefined when it never left. */
  recoveredAtMs: number | undefined;
  /** Goes up each time it becomes ready, so that a retry may try a restarted worker once more. */
  generation: number;
}

/** Servers that are tried together; the backup ones are the `next` group. */
export interface PeerGroup {
  readonly peers: readonly Peer[];
  /** One server and no backup: failures do not take it out (nginx `peers->single`). */
  readonly single: boolean;
  readonly totalWeight: number;
  readonly next: PeerGroup | undefined;
}

/** One live request per `fail_timeout` probes a peer that failed: being picked starts the wait anew. */
export function markChecked(peer: Peer, nowMs: number): void {
  const now = wholeSeconds(nowMs);
  if (now - peer.checkedAt > peer.failTimeoutSeconds) peer.checkedAt = now;
}

/** The configured weight, or what a slow start leaves of it (rising in a straight line from nothing). */
export function weightOf(peer: Peer, nowMs: number): number {
  if (peer.slowStartMs === 0 || peer.recoveredAtMs === undefined) return peer.weight;
  const share = (nowMs - peer.recoveredAtMs) / peer.slowStartMs;
  return share >= 1 ? peer.weight : peer.weight * Math.max(share, 0.01);
}

/** nginx compares times in whole seconds (`ngx_time()`). */
export function wholeSeconds(nowMs: number): number {
  return Math.floor(nowMs / 1000);
}
