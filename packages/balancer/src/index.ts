export { createBalancer } from "./balancer.ts";
export type {
  Balancer,
  BalancerEvents,
  BalancerOptions,
  BalancerStatus,
  ListenAddress,
} from "./balancer-api.ts";
export { BadUpstreamError, BalancerError, FrontDoorError, ListenError } from "./errors.ts";
export { checkAddresses, checkBalancer } from "./check-balancer.ts";
export type { KeyUse } from "./access/front-door.ts";
export { firstKey } from "./access/keys.ts";
export type { RequestTracing } from "./request/client-request.ts";
export type { UpstreamSpec, UpstreamStatus } from "./pool/upstream.ts";
export type { Readiness } from "./own-routes/own-routes.ts";
