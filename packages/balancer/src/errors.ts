/** Base of every error this package throws on purpose; `code` is literal and stable. */
export abstract class BalancerError extends Error {
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
}

/** Thrown by `createBalancer` and `addUpstream`: an origin or a value that cannot be used. */
export class BadUpstreamError extends BalancerError {
  override readonly code = "BAD_UPSTREAM";
}

/** Thrown by `listen`: the address is in use, not ours to take, or not on this machine. */
export class ListenError extends BalancerError {
  override readonly code = "LISTEN_FAILED";
}

/** Thrown at start and by `applySettings`: a key file, certificate or other file that cannot be read or used. */
export class FrontDoorError extends BalancerError {
  override readonly code = "FRONT_DOOR";
}
