export { createBalancer } from "./balancer.ts";
export type {
  Balancer,
  BalancerEvents,
  BalancerOptions,
  BalancerStatus,
  ListenAddress,
  UpstreamStatus,
} from "./balancer-api.ts";
export { type Clock, systemClock } from "./clock.ts";
export { BadUpstreamError, BalancerError, FrontDoorError, ListenError } from "./errors.ts";
export { firstKey } from "./access/keys.ts";
export type { UpstreamSpec } from "./pool/upstream.ts";
