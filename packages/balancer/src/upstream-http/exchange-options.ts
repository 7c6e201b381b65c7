import type { Clock } from "@drover/foundation/clock";
import type { ClientRelay } from "./client-relay.ts";
import type { AnswerHead, Attempt, ForwardTask, ForwardTimeouts } from "../request/forward-task.ts";
import type { AttemptFailure } from "../request/retry-rule.ts";
import type { UpstreamConnection } from "./connection.ts";

/** An event stream whose worker died under way: another one may go on with it. */
export interface UnfinishedAnswer {
  readonly relay: ClientRelay;
  /** Of the body, without framing: whole events. */
  readonly sentBytes: number;
}

/** How one attempt ended. Only `failed` and `intercepted` have sent nothing to the client. */
export type ExchangeResult =
  | { readonly kind: "relayed"; readonly reusable: boolean }
  /** With `unfinished` the client waits for the rest; without, its connection was ended. */
  | { readonly kind: "broken"; readonly reason: string; readonly unfinished?: UnfinishedAnswer }
  | { readonly kind: "intercepted"; readonly head: AnswerHead }
  | { readonly kind: "client-gone" }
  | {
      readonly kind: "failed";
      readonly failure: AttemptFailure;
      readonly reason: string;
      readonly requestSent: boolean;
    };

export interface ExchangeOptions {
  readonly task: ForwardTask;
  readonly connection: UpstreamConnection;
  readonly attempt: Attempt;
  readonly clock: Clock;
  readonly timeouts: ForwardTimeouts;
  readonly keepAlive: boolean;
  /** What this upstream is to go on with. @default a new answer */
  readonly unfinished?: UnfinishedAnswer | undefined;
  /** Whether an answer with this status is not relayed, but tried elsewhere. */
  readonly isRetried: (status: number) => boolean;
  /** The event that tells a client of an event stream that its upstream died. */
  readonly errorEvent: (reason: string) => string | undefined;
}
