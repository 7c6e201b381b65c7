import type http from "node:http";
import type { Duplex } from "node:stream";
import type { Settings } from "@drover/config";
import type { Logger } from "pino";
import { type BalancerRules, balancerRules } from "./balancer-settings.ts";
import type { Clock } from "./clock.ts";
import { ConnectionPool } from "./forwarding/connection-pool.ts";
import { type ListenTarget, parseListen } from "./front/listen-address.ts";
import { createServer, defaultLimits, listenOn } from "./front/server.ts";
import { createMetrics } from "./metrics.ts";
import { AdmissionQueue } from "./routing/admission-queue.ts";
import { PlacementHints } from "./routing/placement-hints.ts";
import { meanOf, retryAfterSeconds } from "./routing/retry-after.ts";
import { type RouteParts, routeRequest } from "./routing/route-request.ts";
import { routeUpgrade } from "./routing/route-upgrade.ts";
import { UpstreamPool } from "./routing/upstream-pool.ts";
import type { Upstream, UpstreamSpec } from "./routing/upstream.ts";

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
  /** Text in Prometheus's format that `/metrics` adds to the balancer's own, such as the supervisor's. */
  readonly moreMetrics?: () => Promise<string>;
}

/** What the supervisor wants to know, to scale and to wake. */
export interface BalancerEvents {
  /** A request left the queue; how long it waited, 0 for one that went straight through. */
  onQueueWait?(waitMs: number): void;
  /** A request came while no upstream is ready (scale from zero): start one. Called once until an upstream is ready. */
  onWakeNeeded?(): void;
  /** The last running or waiting request has ended. */
  onIdle?(): void;
}

export interface UpstreamStatus {
  readonly id: string;
  readonly origin: string;
  readonly owned: boolean;
  readonly ready: boolean;
  readonly draining: boolean;
  readonly down: boolean;
  /** Places; 0 is no limit. */
  readonly slots: number;
  /** Requests on it now. */
  readonly active: number;
  readonly requests: number;
  readonly failures: number;
  readonly lastFailure: string | undefined;
}

export interface BalancerStatus {
  readonly queue: { readonly depth: number; readonly limit: number };
  readonly upstreams: readonly UpstreamStatus[];
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
  /** Gives it no new lease; resolves when its last one is released. */
  drainUpstream(id: string): Promise<void>;
  undrainUpstream(id: string): void;
  removeUpstream(id: string): void;
  status(): BalancerStatus;
  /** Takes on what touches the balancer only. @throws FrontDoorError, and nothing is changed */
  applySettings(settings: Settings): void;
  /** Stops listening, answers queued requests 503 with Retry-After, lets running answers end for `drainTimeoutMs`, then cuts them. */
  close(options: { readonly drainTimeoutMs: number }): Promise<void>;
}

/**
 * Builds a balancer; nothing is opened before `listen`.
 * @throws BadUpstreamError for an unusable entry of `balancer.upstreams`, ListenError for an unusable `listen`.
 */
export function createBalancer(options: BalancerOptions): Balancer {
  return new RunningBalancer(options);
}

class RunningBalancer implements Balancer {
  readonly #options: BalancerOptions;
  readonly #targets: readonly ListenTarget[];
  readonly #pool: UpstreamPool;
  readonly #queue: AdmissionQueue;
  readonly #connections: ConnectionPool;
  readonly #parts: RouteParts;
  readonly #meanService = meanOf(0.1);
  readonly #running = new Set<http.ServerResponse>();
  #rules: BalancerRules;
  #servers: http.Server[] = [];
  #wakeAsked = false;
  #idleSinceMs: number | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(options: BalancerOptions) {
    const { clock, random, settings } = options;
    this.#options = options;
    this.#rules = balancerRules(settings);
    this.#targets = options.listenFds?.map((fd) => ({ fd })) ?? parseListen(settings.listen);
    this.#pool = new UpstreamPool({ policy: this.#rules.policy, upstreams: this.#rules.upstreams, clock, random });
    this.#queue = new AdmissionQueue(this.#rules.queue, { clock, acquire: (pick) => this.#pool.acquire(pick) });
    this.#connections = new ConnectionPool({ clock, keepalive: this.#rules.keepalive });
    this.#idleSinceMs = clock.now();
    this.#parts = this.#routeParts();
    this.#watchPool();
  }

  async listen(): Promise<readonly ListenAddress[]> {
    const bound: ListenAddress[] = [];
    for (const target of this.#targets) {
      const server = createServer(this.#handlers(), defaultLimits);
      this.#servers.push(server);
      bound.push(await listenOn(server, target));
    }
    return bound;
  }

  addUpstream(spec: UpstreamSpec): void {
    this.#pool.add(spec);
  }

  setReady(id: string, ready: boolean): void {
    if (ready) this.#wakeAsked = false;
    const upstream = this.#pool.get(id);
    if (!ready && upstream !== undefined) this.#connections.closeIdle(upstream);
    this.#pool.setReady(id, ready);
  }

  drainUpstream(id: string): Promise<void> {
    return this.#pool.drain(id);
  }

  undrainUpstream(id: string): void {
    this.#pool.undrain(id);
  }

  removeUpstream(id: string): void {
    const upstream = this.#pool.get(id);
    if (upstream !== undefined) this.#connections.closeIdle(upstream);
    this.#pool.remove(id);
  }

  status(): BalancerStatus {
    return {
      queue: { depth: this.#queue.depth, limit: this.#queue.limit },
      upstreams: this.#pool.upstreams.map((upstream) => statusOf(upstream)),
      idleSinceMs: this.#idleSinceMs,
    };
  }

  applySettings(settings: Settings): void {
    const rules = balancerRules(settings);
    this.#rules = rules;
    this.#pool.setPolicy(rules.policy);
    this.#queue.setOptions(rules.queue);
    const configured = new Set(rules.upstreams.map((upstream) => upstream.id));
    for (const upstream of this.#pool.upstreams) {
      if (!upstream.owned && !configured.has(upstream.id)) this.removeUpstream(upstream.id);
    }
    for (const spec of rules.upstreams) if (this.#pool.get(spec.id) === undefined) this.#pool.add(spec);
  }

  async close({ drainTimeoutMs }: { readonly drainTimeoutMs: number }): Promise<void> {
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    this.#queue.close();
    for (const server of this.#servers) server.closeIdleConnections();
    await this.#emptied(drainTimeoutMs);
    for (const server of this.#servers) server.closeAllConnections();
    this.#connections.destroy();
    await Promise.all(closed);
  }

  /** Resolves when no request runs, or after the time given. */
  #emptied(timeoutMs: number): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const stop = this.#options.clock.after(timeoutMs, resolve);
      this.#onEmpty = () => {
        stop();
        resolve();
      };
    });
  }

  #handlers() {
    return {
      onRequest: (request: http.IncomingMessage, response: http.ServerResponse) => this.#take(request, response),
      onUpgrade: (request: http.IncomingMessage, socket: Duplex, head: Buffer) =>
        void routeUpgrade(request, socket, head, this.#parts),
      onBadRequest: (reason: string) => this.#parts.metrics.countRefusal(reason),
    };
  }

  #take(request: http.IncomingMessage, response: http.ServerResponse): void {
    this.#idleSinceMs = undefined;
    this.#running.add(response);
    response.once("close", () => this.#left(response));
    void routeRequest(request, response, this.#parts);
  }

  #left(response: http.ServerResponse): void {
    this.#running.delete(response);
    if (this.#running.size > 0) return;
    this.#idleSinceMs = this.#options.clock.now();
    this.#onEmpty?.();
    this.#options.events?.onIdle?.();
  }

  #watchPool(): void {
    const { clock, logger } = this.#options;
    this.#pool.listen({
      onVacancy: () => this.#queue.dispatch(),
      onReleased: (lease, outcome) => {
        if (outcome === "ok") this.#meanService.add(clock.now() - lease.takenAtMs);
      },
      onTakenOut: (upstream) => {
        logger.warn(
          { upstream: upstream.id, reason: upstream.lastFailure },
          "an upstream is taken out for its failures",
        );
      },
    });
  }

  #routeParts(): RouteParts {
    const { clock, random, logger, events } = this.#options;
    return {
      pool: this.#pool,
      queue: this.#queue,
      hints: new PlacementHints(),
      connections: this.#connections,
      metrics: createMetrics(this.#pool, this.#queue, this.#options.moreMetrics),
      rules: () => this.#rules,
      clock,
      random,
      logger,
      retryAfterSeconds: () => this.#retryAfter(),
      onQueueWait: (waitMs) => events?.onQueueWait?.(waitMs),
      onWakeNeeded: () => {
        if (this.#wakeAsked) return;
        this.#wakeAsked = true;
        events?.onWakeNeeded?.();
      },
    };
  }

  #retryAfter(): number {
    const able = this.#pool.upstreams.filter((upstream) => upstream.ready && !upstream.down);
    const places = able.reduce(
      (sum, upstream) => sum + (upstream.maxConns > 0 ? upstream.maxConns : upstream.conns),
      0,
    );
    return retryAfterSeconds({ depth: this.#queue.depth, places, meanServiceMs: this.#meanService.value() });
  }
}

function statusOf(upstream: Upstream): UpstreamStatus {
  const { id, origin, owned, ready, draining, down, requests, failures, lastFailure } = upstream;
  const running = { slots: upstream.maxConns, active: upstream.conns };
  return { id, origin, owned, ready, draining, down, requests, failures, lastFailure, ...running };
}
