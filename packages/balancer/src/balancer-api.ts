import type { KeyUse } from "./access/front-door.ts";
import type { Settings } from "@drover/config";
import type { RequestReport } from "@drover/contract/request-report";
import type { Registry } from "prom-client";
import type { RequestRecord, RequestSummary } from "@drover/contract/request-record";
import type { Logger } from "pino";
import type { Clock } from "@drover/foundation/clock";
import type { FrontPageFacts } from "./own-routes/front-page.ts";
import type { GuestRoutes, Readiness } from "./own-routes/own-routes.ts";
import type { UpstreamSpec, UpstreamStatus } from "./pool/upstream.ts";
import type { RequestTracing, Stage } from "./request/client-request.ts";

/** What a balancer is made of. */
export interface BalancerOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Already-open listening sockets (systemd's `LISTEN_FDS`); they replace the `listen` setting. */
  readonly listenFds?: readonly number[];
  readonly events?: BalancerEvents;
  /** Follows requests from the client to the worker that responds. @default `traceparent` is passed on as it came */
  readonly tracing?: RequestTracing;
  /** What `/metrics` serves; the balancer adds its own to it. @default a new one */
  readonly registry?: Registry;
  /** Hears of each request that is over, once its worker has told of it too. */
  readonly onRecord?: (record: RequestRecord) => void;
  /** Serves `GET /` where it gives something; without, `/` is passed on like any other path. Asked at each request. */
  readonly frontPage?: () => FrontPageFacts | undefined;
  /** What the upstreams themselves cannot tell of its readiness. Asked at each look. @default nothing */
  readonly readiness?: () => Readiness | undefined;
  /** Whether the owned upstreams are Drover's own workers, which know the headers of `@drover/contract`. Asked at each request. @default false */
  readonly ownsApi?: () => boolean;
  /** Routes that come before the balancer's own, such as the console's page. @default none */
  readonly guest?: GuestRoutes;
  /**
   * Of owned upstreams that can take a request, now or once one of their slots comes free, those that stand by. Asked at each
   * pick. `inFlight`: requests that run or wait, this one too. @default none
   */
  readonly standBy?: (able: readonly string[], inFlight: number) => ReadonlySet<string>;
}

/** What the supervisor wants to know, to scale and to wake. */
export interface BalancerEvents {
  /** A request left the queue; how long it waited, 0 for one that went straight through. */
  onQueueWait?(waitMs: number): void;
  /** A request came while no upstream is ready (scale from zero): start one. Called for each such request. */
  onWakeNeeded?(): void;
  /** Requests have crashed two workers while others use them: they are to have a worker apart (an upstream with `isolation`). Called at each such crash. */
  onIsolationWanted?(): void;
  /** No sender needs one any more. */
  onIsolationOver?(): void;
  /** The last running or waiting request has ended. */
  onIdle?(): void;
}

export interface BalancerStatus {
  readonly queue: { readonly depth: number; readonly limit: number };
  readonly upstreams: readonly UpstreamStatus[];
  /** Requests under way, by how far they have come. */
  readonly requests: Readonly<Partial<Record<Stage, number>>>;
  /** Since when nothing runs or waits, in clock milliseconds; undefined while busy. */
  readonly idleSinceMs: number | undefined;
}

export interface ListenAddress {
  readonly address: string;
  readonly port: number;
}

/** The public port with its queue, its policy and its upstreams. */
export interface Balancer {
  /** @throws ListenError. Resolves with what is really listened on. */
  listen(): Promise<readonly ListenAddress[]>;
  /** An owned upstream is not ready at first. @throws BadUpstreamError */
  addUpstream(spec: UpstreamSpec): void;
  setReady(id: string, ready: boolean): void;
  /**
   * The process of a worker has ended unasked: `crashed` by itself, or for a hang; or `killed` by somebody, of which no request is suspected. To be called before `setReady`.
   * @returns whether a request was in it that had been in another worker's crash: then the worker is not to blame
   */
  upstreamDied(id: string, cause: "crashed" | "killed"): { readonly ofSuspect: boolean };
  /** What a worker told of a request. */
  requestEnded(id: string, report: RequestReport): void;
  /** A request that has ended lately; undefined: it is not known, or not any more. */
  explain(id: string): RequestRecord | undefined;
  /** Those that have ended last, the newest first. */
  recentRequests(count: number): readonly RequestSummary[];
  /** Whether a worker that is not ready will be; requests wait for one that will, and get a 502 where none is left. @default true */
  setExpected(id: string, isExpected: boolean): void;
  /** Gives it no new lease; resolves when its last one is released. */
  drainUpstream(id: string): Promise<void>;
  undrainUpstream(id: string): void;
  removeUpstream(id: string): void;
  status(): BalancerStatus;
  /** Of each key that is set. */
  keyUse(): readonly KeyUse[];
  /** Takes on what touches the balancer only. @throws FrontDoorError, and nothing is changed */
  applySettings(settings: Settings): void;
  /** Stops listening, responds to queued requests with 503 and Retry-After, lets running responses end for `drainTimeoutMs`, then cuts them. */
  close(options: { readonly drainTimeoutMs: number }): Promise<void>;
}
