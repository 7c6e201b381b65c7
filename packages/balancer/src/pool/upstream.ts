import type { HttpAddress } from "@drover/foundation/network/http-get";
import { BadUpstreamError } from "../errors.ts";
import { type ServiceState, serviceState } from "../policies/availability.ts";
import type { Peer } from "../policies/peer.ts";
import type { Address, Target } from "../upstream-http/target.ts";

/** A server to forward to, as plain values. Defaults are nginx's. */
export interface UpstreamSpec {
  readonly id: string;
  /** `http://127.0.0.1:8081`, `https://…` or `unix:/path`. */
  readonly origin: string;
  /** A worker that Drover owns: not ready until told so, and a POST may be sent again. @default false */
  readonly owned?: boolean;
  /** The worker behind it, as people and metrics know it. @default it is none of Drover's */
  readonly worker?: string;
  /** It tells of each request how it went (`Balancer.requestEnded`). @default false */
  readonly reports?: boolean;
  /** Knows what other such workers have read, by snapshots. @default false */
  readonly sharesState?: boolean;
  /** @default 1 */
  readonly weight?: number;
  /** Most requests at a time: a worker's slots. 0 for no limit. @default 0 */
  readonly maxConns?: number;
  /** 0 turns the accounting off. @default 1, and 0 where `owned`: the supervisor knows whether a worker lives */
  readonly maxFails?: number;
  /** @default 10000 */
  readonly failTimeoutMs?: number;
  /** @default false */
  readonly backup?: boolean;
  /** @default false */
  readonly down?: boolean;
  /** @default 0 */
  readonly slowStartMs?: number;
  /** Takes only requests of senders whose requests have crashed workers, and those only it takes. @default false */
  readonly isolation?: boolean;
  /** Sent to the upstream as `x-drover-secret`; a worker with a secret serves nobody else. */
  readonly secret?: string;
}

/** Where one request of our own goes. */
export function httpAddress({ address }: Pick<Upstream, "address">): HttpAddress {
  if (address.kind === "unix") return { socketPath: address.path };
  return { host: address.host, port: address.port, tls: address.tls };
}

/** An upstream with its running state. */
export interface Upstream extends Peer, Target {
  /** For either of the two reasons below, or because it was removed. */
  down: boolean;
  readonly origin: string;
  readonly sharesState: boolean;
  readonly isolation: boolean;
  readonly worker: string | undefined;
  readonly reports: boolean;
  readonly backup: boolean;
  /** Marked `down` in the configuration. */
  isMarkedDown: boolean;
  /** Taken out by active checks. */
  failsChecks: boolean;
  /** A worker that is not expected back: nobody waits for it. */
  hopeless: boolean;
  /** Requests ever leased. */
  requests: number;
  /** Requests on it now that take no slot. */
  beside: number;
  /** Bytes of its responses, ever. */
  bytesReceived: number;
  /** Attempts that failed, ever. */
  failures: number;
  /** Milliseconds requests were held, ever; with `requests`, the measured service time. */
  busyMs: number;
  lastFailure: string | undefined;
}

/**
 * Makes the running state of a server that nobody has used yet.
 * @throws BadUpstreamError when the origin is none of the three forms, or the weight is not an integer above 0.
 */
export function createUpstream(spec: UpstreamSpec): Upstream {
  const owned = spec.owned ?? false;
  const weight = spec.weight ?? 1;
  if (!Number.isInteger(weight) || weight < 1) {
    throw new BadUpstreamError(`upstream ${spec.id}: weight ${weight} is not a whole number above 0`);
  }
  const address = parseOrigin(spec);
  return {
    id: spec.id,
    server: address.kind === "unix" ? `unix:${address.path}` : `${address.host}:${address.port}`,
    origin: spec.origin,
    address,
    owned,
    sharesState: spec.sharesState ?? false,
    isolation: spec.isolation ?? false,
    worker: spec.worker,
    reports: spec.reports ?? false,
    backup: spec.backup ?? false,
    secret: spec.secret,
    weight,
    maxConns: spec.maxConns ?? 0,
    maxFails: spec.maxFails ?? (owned ? 0 : 1),
    failTimeoutSeconds: (spec.failTimeoutMs ?? 10_000) / 1000,
    slowStartMs: spec.slowStartMs ?? 0,
    down: spec.down ?? false,
    isMarkedDown: spec.down ?? false,
    failsChecks: false,
    hopeless: false,
    ready: !owned,
    ...freshCounters(weight),
  };
}

function freshCounters(weight: number) {
  return {
    draining: false,
    aloneFor: undefined,
    conns: 0,
    fails: 0,
    accessedAt: 0,
    checkedAt: 0,
    effectiveWeight: weight,
    currentWeight: 0,
    recoveredAtMs: undefined,
    generation: 0,
    requests: 0,
    beside: 0,
    bytesReceived: 0,
    failures: 0,
    busyMs: 0,
    lastFailure: undefined,
  };
}

const SERVER_FIELDS = [
  "origin",
  "weight",
  "maxConns",
  "maxFails",
  "failTimeoutSeconds",
  "slowStartMs",
  "backup",
] as const;

/** Whether all that a reload may change of a server is as it was. */
export function isSameServer(one: Upstream, other: Upstream): boolean {
  return SERVER_FIELDS.every((field) => one[field] === other[field]);
}

function parseOrigin(spec: UpstreamSpec): Address {
  const unix = /^(?:http:\/\/)?unix:(\/[^\0]*?)(?::(\/.*)?)?$/s.exec(spec.origin);
  if (unix?.[2] !== undefined) throw needlessParts(spec.origin);
  if (unix?.[1] !== undefined) return { kind: "unix", path: unix[1], tls: false };
  const url = URL.canParse(spec.origin) ? new URL(spec.origin) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new BadUpstreamError(
      `upstream ${spec.id}: origin "${spec.origin}" is not http://HOST:PORT, https://HOST:PORT or unix:/PATH`,
    );
  }
  if (url.username !== "" || url.password !== "" || url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw needlessParts(spec.origin);
  }
  const tls = url.protocol === "https:";
  const port = url.port === "" ? (tls ? 443 : 80) : Number(url.port);
  return { kind: "tcp", host: url.hostname.replace(/^\[|\]$/g, ""), port, tls };
}

function needlessParts(origin: string): BadUpstreamError {
  return new BadUpstreamError(
    `upstream "${withoutUser(origin)}" has a user, path or query; give scheme, host and port (or unix:/PATH) alone, requests keep their own path`,
  );
}

/** No message repeats a password. */
function withoutUser(origin: string): string {
  return origin.replace(/\/\/[^/@]*@/, "//");
}

export interface UpstreamStatus {
  readonly id: string;
  readonly origin: string;
  readonly owned: boolean;
  /** Only for senders whose requests have crashed workers. */
  readonly isolation: boolean;
  /** `ready`: it may be given requests, though all its slots may be held. */
  readonly state: ServiceState;
  /** Slots; 0 is no limit. */
  readonly slots: number;
  /** Requests on it now. */
  readonly active: number;
  /** Requests on it now that take no slot, such as `GET /v1/models`. */
  readonly beside: number;
  readonly requests: number;
  /** Bytes of its responses, ever: while a response comes they grow. */
  readonly bytesReceived: number;
  readonly failures: number;
  readonly lastFailure: string | undefined;
}

/** What `drover status` tells of an upstream. */
export function statusOf(upstream: Upstream): UpstreamStatus {
  const { id, origin, owned, isolation, requests, bytesReceived, failures, lastFailure } = upstream;
  const now = {
    state: serviceState(upstream),
    slots: upstream.maxConns,
    active: upstream.conns,
    beside: upstream.beside,
  };
  return { id, origin, owned, isolation, requests, bytesReceived, failures, lastFailure, ...now };
}
