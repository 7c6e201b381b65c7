import type { PickState } from "../policies/policy.ts";
import type { Lease } from "../pool/lease.ts";
import type { Upstream } from "../pool/upstream.ts";
import type { AttemptFigures, ExchangeTask } from "../upstream-http/exchange-task.ts";
import type { RelayedHead, ResponseHead } from "../upstream-http/response-head.ts";
import type { RetryRule } from "./retry-rule.ts";

/** One try on one upstream. */
export interface Attempt extends AttemptFigures {
  readonly upstream: Upstream;
  error: string | undefined;
}

/** A request that is ready to be forwarded, and what its front decides on the way. */
export interface ForwardTask extends ExchangeTask {
  /** What the request carries from pick to pick (`pool.startPick`). */
  readonly pick: PickState;
  readonly retry: RetryRule;
  /** For attempts on Drover's own workers. @default `retry` */
  readonly ownedRetry?: RetryRule;
  /** Attempts are put here as they begin. */
  readonly attempts: Attempt[];
  /** Gives a lease on the next upstream, or undefined when there is none to have. May wait. */
  acquire(pick: PickState): Promise<Lease | undefined> | Lease | undefined;
  /** One like it was condemned, perhaps since it came. */
  isCondemned?(): boolean;
  /** Told each lease that the request was given. */
  onLease?(lease: Lease): void;
  /** Told when another upstream takes over a stream that broke off for this reason. @returns a comment for the client, if any */
  onResume?(lease: Lease, reason: string): string | undefined;
  /** See `ExchangeListener.onHead`. */
  onHead(head: ResponseHead, attempt: Attempt): RelayedHead | "intercept";
  /** See `ExchangeListener.onInterim`. */
  onInterim?(head: ResponseHead, attempt: Attempt): RelayedHead;
  /** See `ExchangeListener.errorEvent`. @default the connection is cut */
  errorEvent?(reason: string): string;
}

/**
 * How it ended. Where nothing was sent to the client (`failed`, `intercepted`) the caller responds.
 * - `responded`: the complete response was relayed.
 * - `broken`: the upstream died after the head was sent, and no other one resumed its response; the client's connection was ended (an event stream after an `error` event).
 * - `failed`: no upstream responded; `status` is 502, 504, or the status nginx would give.
 * - `intercepted`: `onHead` took it.
 * - `condemned`: it was in two workers when they crashed, the second time alone; `error` events and ends are as for `broken` where a stream had begun.
 * - `client-gone`: the client left, or `cancel` was used; nginx logs 499.
 */
export type ForwardOutcome =
  | { readonly kind: "responded"; readonly status: number }
  | { readonly kind: "broken"; readonly status: number; readonly reason: string }
  | { readonly kind: "failed"; readonly status: number; readonly reason: string }
  | { readonly kind: "intercepted"; readonly head: ResponseHead }
  | { readonly kind: "condemned"; readonly reason: string }
  | { readonly kind: "client-gone" };
