/** What another front stands on: connections of clients, the pool of upstreams, and the way of a request to one of them. */
export { ConnectionPool, type KeepaliveRule } from "./upstream-http/connection-pool.ts";
export { forwardRequest } from "./request/forward-request.ts";
export type { Attempt, ForwardOutcome, ForwardTask } from "./request/forward-task.ts";
export type { RelayedHead, ResponseHead } from "./upstream-http/response-head.ts";
export type { RequestBody, StoredBody } from "./upstream-http/upstream-request.ts";
export { headerValue } from "./upstream-http/hop-by-hop.ts";
export { type RetryRule, type RetryWord, retryWords } from "./request/retry-rule.ts";
export type { ClientConnection } from "./upstream-http/tunnel.ts";
export { hostName, type HostRule } from "./http/host-name.ts";
export { addScraped } from "./own-routes/scraped-metric.ts";
export { errorTime, isoTime, logTime, seconds } from "./records/log-time.ts";
export { createOrderedServer } from "./http/ordered-server.ts";
export { RequestOrder } from "./http/request-order.ts";
export type { PolicyDefinition } from "./policies/policy.ts";
export { policies, type PolicyName } from "./policies/registry.ts";
export { UpstreamPool } from "./pool/upstream-pool.ts";
export { isInService } from "./policies/availability.ts";
export type { UpstreamSpec } from "./pool/upstream.ts";
