export type {
  Balancer,
  BalancerEvents,
  BalancerOptions,
  BalancerStatus,
  ListenAddress,
  UpstreamStatus,
} from "./balancer.ts";
export { type Clock, systemClock } from "./clock.ts";
export { BadUpstreamError, BalancerError, FrontDoorError, ListenError } from "./errors.ts";
export type { UpstreamSpec } from "./routing/upstream.ts";
