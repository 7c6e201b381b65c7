import type { Settings } from "@drover/config";
import type { AccessFormat } from "./front/access-log.ts";
import { defaultKeepalive } from "./forwarding/connection-pool.ts";
import type { ForwardTimeouts, KeepaliveRule } from "./forwarding/forward-task.ts";
import type { RetryRule } from "./forwarding/retry-rule.ts";
import { parseUpstreamLine } from "./routing/upstream-line.ts";
import type { UpstreamSpec } from "./routing/upstream.ts";
import type { PolicyName } from "./policies/registry.ts";

/** What the balancer itself reads of the settings, as plain values. */
export interface BalancerRules {
  readonly policy: PolicyName;
  readonly queue: { readonly limit: number; readonly timeoutMs: number };
  readonly maxBodyBytes: number;
  readonly retry: RetryRule;
  readonly timeouts: ForwardTimeouts;
  readonly keepalive: KeepaliveRule;
  readonly accessFormat: AccessFormat;
  /** Servers that Drover routes to and does not own. */
  readonly upstreams: readonly UpstreamSpec[];
}

/** The part of the settings that touches the balancer. */
export function balancerRules(settings: Settings): BalancerRules {
  return {
    policy: settings.balancer.policy,
    queue: { limit: settings.queue.limit, timeoutMs: settings.queue.timeout },
    maxBodyBytes: settings.maxBody,
    retry: {
      words: new Set(["error", "timeout", "invalid_header", "http_502", "http_503"]),
      tries: 0,
      timeoutMs: 0,
    },
    timeouts: {
      connectMs: settings.balancer.connectTimeout,
      sendMs: settings.balancer.readTimeout,
      readMs: settings.balancer.readTimeout,
    },
    // Enough for every slot of a large machine: a closed connection costs the next request a handshake.
    keepalive: { ...defaultKeepalive, connections: 512 },
    accessFormat: settings.log.access,
    upstreams: settings.balancer.upstreams.map((line) => parseUpstreamLine(line)),
  };
}
