/** Base of the balancer's errors; `code` tells them apart. */
export abstract class BalancerError extends Error {
  abstract readonly code: string;
}

/** Thrown by `createBalancer` and `addUpstream`: an origin or a value that cannot be used. */
export class BadUpstreamError extends BalancerError {
  readonly code = "BAD_UPSTREAM";
  override readonly name = "BadUpstreamError";
}

/** Thrown by `listen`: the address is in use, not ours to take, or not on this machine. */
export class ListenError extends BalancerError {
  readonly code = "LISTEN_FAILED";
  override readonly name = "ListenError";
}

/** Thrown at start and by `applySettings`: a key file, certificate or other file that cannot be read or used. */
export class FrontDoorError extends BalancerError {
  readonly code = "FRONT_DOOR";
  override readonly name = "FrontDoorError";
}
