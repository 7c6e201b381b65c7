import { BalancerError } from "@drover/balancer";
import { SupervisorError } from "../errors.ts";

/** What the balancer can't do with its settings, as an error of this package; other errors stay what they are. */
export function asListenFailure(error: unknown): unknown {
  return error instanceof BalancerError ? new SupervisorError("listen_failed", error.message, { cause: error }) : error;
}
