import type { Settings } from "@drover/config";
import { FrontDoorError } from "./errors.ts";
import type { AccessFormat } from "./records/access-log.ts";
import type { FrontRules } from "./access/front-door.ts";
import type { ServerLimits } from "./http/server.ts";
import { defaultKeepalive, type KeepaliveRule } from "./upstream-http/connection-pool.ts";
import type { ForwardRules } from "./request/forwarded-request.ts";
import type { StoreLimits } from "./response-store/response-store.ts";
import type { RetryRule } from "./request/retry-rule.ts";
import type { CheckRule } from "./pool/active-checks.ts";
import { parseUpstreamLine } from "./pool/upstream-line.ts";
import type { UpstreamSpec } from "./pool/upstream.ts";
import type { PolicyName } from "./policies/registry.ts";

/** What the balancer itself reads of the settings, as plain values. */
export interface BalancerRules extends ForwardRules {
  readonly policy: PolicyName;
  /** Of all bodies at a time. */
  readonly heldBodyBytes: number;
  readonly queue: { readonly limit: number; readonly timeoutMs: number };
  readonly storedResponses: StoreLimits;
  readonly keepalive: KeepaliveRule;
  readonly accessFormat: AccessFormat;
  readonly front: FrontRules;
  readonly server: ServerLimits;
  /** How upstreams that are not owned are probed; undefined: not at all. */
  readonly check: CheckRule | undefined;
  /** Servers that Drover routes to and does not own. */
  readonly upstreams: readonly UpstreamSpec[];
}

/** nginx's defaults, and a head that is no HTTP: a server that talks nonsense is as good as dead. */
const foreignRetry: RetryRule = { words: new Set(["error", "timeout", "invalid_header"]), tries: 0, timeoutMs: 0 };

/** A worker that is draining or broken says 503 or nonsense; another one can serve the request. */
const ownedRetry: RetryRule = {
  words: new Set(["error", "timeout", "invalid_header", "http_502", "http_503"]),
  tries: 0,
  timeoutMs: 0,
};

/** The part of the settings that touches the balancer. @throws BadUpstreamError, FrontDoorError */
export function balancerRules(settings: Settings): BalancerRules {
  return {
    policy: settings.balancer.policy,
    queue: { limit: settings.queue.limit, timeoutMs: settings.queue.timeout },
    storedResponses: { responses: settings.api.storedResponses, bytes: settings.api.storedResponsesSize },
    streamPings: settings.balancer.streamPings === "on",
    maxBodyBytes: settings.maxBody,
    sharePrefixes: settings.sharePrefixes,
    heldBodyBytes: settings.queue.bodies,
    retry: foreignRetry,
    ownedRetry,
    timeouts: {
      connectMs: settings.balancer.connectTimeout,
      sendMs: settings.balancer.readTimeout,
      readMs: settings.balancer.readTimeout,
      clientStallMs: settings.limits.sendTimeout,
    },
    // Enough for every slot of a large machine: a closed connection costs the next request a handshake.
    keepalive: { ...defaultKeepalive, connections: 512 },
    accessFormat: settings.log.access,
    explained: settings.log.explain,
    front: frontRules(settings),
    server: {
      maxHeaderBytes: settings.limits.headerBytes,
      // Head and body together have bodyTimeout; Node takes no longer time for the head alone.
      headersTimeoutMs: shorter(settings.limits.headerTimeout, settings.limits.bodyTimeout),
      requestTimeoutMs: settings.limits.bodyTimeout,
      keepAliveTimeoutMs: settings.limits.idleTimeout,
    },
    check: settings.balancer.check ? checkRule(settings) : undefined,
    upstreams: withDistinctIds(settings.balancer.upstreams.map((line) => parseUpstreamLine(line))),
  };
}

/** A server that is listed twice counts twice, as in nginx. */
function withDistinctIds(specs: readonly UpstreamSpec[]): readonly UpstreamSpec[] {
  const counts = new Map<string, number>();
  return specs.map((spec) => {
    const count = (counts.get(spec.id) ?? 0) + 1;
    counts.set(spec.id, count);
    return count === 1 ? spec : { ...spec, id: `${spec.id}#${count}` };
  });
}

/** 0 is no limit. */
function shorter(oneMs: number, otherMs: number): number {
  return oneMs === 0 || otherMs === 0 ? Math.max(oneMs, otherMs) : Math.min(oneMs, otherMs);
}

function frontRules(settings: Settings): FrontRules {
  const { certificate, key } = settings.tls;
  if ((certificate === undefined) !== (key === undefined)) {
    throw new FrontDoorError("tls.certificate and tls.key belong together: give both or neither");
  }
  const { requestsPerMinute, tokensPerMinute, tokensPerDay, concurrency, connectionsPerAddress } = settings.limits;
  return {
    keys: { keys: settings.apiKeys, file: settings.apiKeysFile },
    limits: { requestsPerMinute, tokensPerMinute, tokensPerDay, concurrency },
    corsOrigins: settings.cors.origins,
    allowedHosts: settings.allowedHosts,
    metricsReaders: settings.metrics.readers,
    trustedProxies: settings.trustedProxies,
    tls: certificate === undefined || key === undefined ? undefined : { certificate, key },
    connectionsPerAddress,
  };
}

function checkRule(settings: Settings): CheckRule {
  const { path, interval, timeout, rise, fall, body } = settings.checks;
  const expected = body === undefined ? {} : { bodyIncludes: body };
  return { path, intervalMs: interval, timeoutMs: timeout, rise, fall, ...expected };
}
