import { BalancerError } from "@drover/balancer";
import { SupervisorError } from "../errors.ts";

/**
 * Does what needs the balancer.
 * @throws SupervisorError `listen_failed` for what the balancer can't do with its settings
 */
export async function orListenFailure<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BalancerError)) throw error;
    throw new SupervisorError("listen_failed", error.message, { cause: error });
  }
}
