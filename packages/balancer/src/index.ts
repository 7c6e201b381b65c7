export {
  type Balancer,
  type BalancerEvents,
  type BalancerOptions,
  type BalancerStatus,
  createBalancer,
  type ListenAddress,
  type UpstreamStatus,
} from "./balancer.ts";
export { type Clock, systemClock } from "./clock.ts";
export { BadUpstreamError, BalancerError, FrontDoorError, ListenError } from "./errors.ts";
export type { UpstreamSpec } from "./routing/upstream.ts";
