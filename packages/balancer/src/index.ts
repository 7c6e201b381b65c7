export { checkBalancer, createBalancer } from "./balancer.ts";
export type {
  Balancer,
  BalancerEvents,
  BalancerOptions,
  BalancerStatus,
  KeyUse,
  ListenAddress,
} from "./balancer-api.ts";
export { BadUpstreamError, BalancerError, FrontDoorError, ListenError } from "./errors.ts";
export { firstKey } from "./access/keys.ts";
export type { RequestTracing } from "./request/request-tracing.ts";
export type { UpstreamSpec, UpstreamStatus } from "./pool/upstream.ts";
export type { Readiness } from "./own-routes/own-routes.ts";
