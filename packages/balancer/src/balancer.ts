import type http from "node:http";
import type { Duplex } from "node:stream";
import type { Settings } from "@drover/config";
import { MovingAverage } from "@drover/foundation/moving-average";
import type { Balancer, BalancerOptions, BalancerStatus, ListenAddress, UpstreamStatus } from "./balancer-api.ts";
import { type BalancerRules, balancerRules } from "./balancer-settings.ts";
import { ConnectionPool } from "./upstream-http/connection-pool.ts";
import { type FrontDoor, openFrontDoor, watchedFiles } from "./access/front-door.ts";
import { isLoopback, type ListenTarget, parseListen } from "./http/listen-address.ts";
import { Listeners } from "./http/listeners.ts";
import type { RawAnswer } from "./http/server.ts";
import { createMetrics } from "./own-routes/metrics.ts";
import { startActiveChecks } from "./pool/active-checks.ts";
import { AdmissionQueue } from "./queue/admission-queue.ts";
import { PlacementHints } from "./pool/placement-hints.ts";
import { retryAfterSeconds } from "./queue/retry-after.ts";
import { type RouteParts, routeRequest } from "./request/route-request.ts";
import { routeUpgrade } from "./request/route-upgrade.ts";
import { UpstreamPool } from "./pool/upstream-pool.ts";
import type { Upstream, UpstreamSpec } from "./pool/upstream.ts";
import { isInService } from "./policies/availability.ts";
import { watchFiles } from "./access/watch-files.ts";

/**
 * Builds a balancer; nothing is opened before `listen`.
 * @throws BadUpstreamError for an unusable entry of `balancer.upstreams`, ListenError for an unusable `listen`, FrontDoorError for keys,
 * certificates or networks that cannot be used.
 */
export function createBalancer(options: BalancerOptions): Balancer {
  return new RunningBalancer(options);
}

/** Longest wait for the request of a client that had just connected when the end came. */
const NEWCOMER_LIMIT_MS = 1000;

class RunningBalancer implements Balancer {
  readonly #options: BalancerOptions;
  readonly #targets: readonly ListenTarget[];
  readonly #pool: UpstreamPool;
  readonly #queue: AdmissionQueue;
  readonly #connections: ConnectionPool;
  readonly #listeners: Listeners;
  readonly #parts: RouteParts;
  readonly #meanService = new MovingAverage(0.1);
  readonly #running = new Set<http.ServerResponse>();
  #rules: BalancerRules;
  #door: FrontDoor;
  #stopWatching: () => void = () => undefined;
  #stopChecks: () => void = () => undefined;
  #wakeAsked = false;
  #idleSinceMs: number | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(options: BalancerOptions) {
    const { clock, random, settings } = options;
    this.#options = options;
    this.#rules = balancerRules(settings);
    this.#door = openFrontDoor(this.#rules.front);
    this.#targets = options.listenFds?.map((fd) => ({ fd })) ?? parseListen(settings.listen);
    this.#pool = new UpstreamPool({ policy: this.#rules.policy, upstreams: this.#rules.upstreams, clock, random });
    this.#queue = new AdmissionQueue(this.#rules.queue, { clock, acquire: (pick) => this.#pool.acquire(pick) });
    this.#connections = new ConnectionPool({ clock, keepalive: this.#rules.keepalive });
    this.#idleSinceMs = clock.monotonicMs();
    this.#parts = this.#routeParts();
    this.#listeners = this.#makeListeners();
    this.#watchPool();
  }

  async listen(): Promise<readonly ListenAddress[]> {
    const bound = await this.#listeners.open(this.#targets, this.#door.certificate);
    this.#warnIfOpen(bound);
    this.#watch();
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

  setExpected(id: string, isExpected: boolean): void {
    this.#pool.setExpected(id, isExpected);
    if (!isExpected) this.#queue.dismiss((pick) => this.#pool.vacancy(pick) === "none");
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
    // The last thing that can fail: behind it everything is taken on.
    const door = openFrontDoor(rules.front, this.#door);
    const pool = new UpstreamPool({ ...this.#options, policy: rules.policy, upstreams: rules.upstreams });
    this.#rules = rules;
    this.#door = door;
    this.#listeners.update(door.certificate, rules.front.connectionsPerAddress);
    this.#pool.setPolicy(rules.policy);
    this.#queue.setOptions(rules.queue);
    this.#replaceUpstreams(pool);
    this.#watch();
  }

  async close({ drainTimeoutMs }: { readonly drainTimeoutMs: number }): Promise<void> {
    this.#stopWatching();
    this.#stopChecks();
    const stopped = this.#listeners.stop();
    this.#queue.close();
    for (const response of this.#running) if (!response.headersSent) response.shouldKeepAlive = false;
    await this.#emptied(drainTimeoutMs);
    await this.#listeners.newcomersHeard(Math.min(NEWCOMER_LIMIT_MS, drainTimeoutMs), this.#options.clock);
    // What needs a slot is refused at once, with Retry-After; the rest is answered.
    await this.#emptied(drainTimeoutMs);
    this.#listeners.cut();
    this.#connections.destroy();
    await stopped;
  }

  /** Servers of the settings that changed or went are removed, new and changed ones added; the workers stay. */
  #replaceUpstreams(wanted: UpstreamPool): void {
    for (const upstream of this.#pool.upstreams) {
      const other = wanted.get(upstream.id);
      if (!upstream.owned && (other === undefined || !isSameServer(upstream, other))) this.removeUpstream(upstream.id);
    }
    for (const spec of this.#rules.upstreams) if (this.#pool.get(spec.id) === undefined) this.#pool.add(spec);
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

  #makeListeners(): Listeners {
    const handlers = {
      onRequest: (request: http.IncomingMessage, response: http.ServerResponse) => this.#take(request, response),
      onUpgrade: (request: http.IncomingMessage, socket: Duplex, head: Buffer) =>
        void routeUpgrade(request, socket, head, this.#parts),
      onRefused: (reason: string, answered?: RawAnswer) => {
        this.#parts.metrics.countRefusal(reason);
        if (answered !== undefined) this.#parts.rawAnswers.set(answered.socket, answered);
      },
    };
    return new Listeners(handlers, this.#rules.server, this.#rules.front.connectionsPerAddress);
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
    this.#idleSinceMs = this.#options.clock.monotonicMs();
    this.#onEmpty?.();
    this.#options.events?.onIdle?.();
  }

  #watchPool(): void {
    const { clock, logger } = this.#options;
    this.#pool.listen({
      onVacancy: () => this.#queue.dispatch(),
      onReleased: (lease, outcome) => {
        if (outcome === "ok") this.#meanService.add(clock.monotonicMs() - lease.takenAtMs);
      },
      onTakenOut: (upstream) => {
        logger.warn(
          { upstream: upstream.id, reason: upstream.lastFailure },
          "an upstream is taken out for its failures",
        );
      },
    });
  }

  /** Follows the files of keys and certificate, and probes upstreams, as the present rules say. */
  #watch(): void {
    const { clock, logger } = this.#options;
    this.#stopWatching();
    const { filesDigest } = this.#door;
    this.#stopWatching = watchFiles(watchedFiles(this.#rules.front), filesDigest, clock, () => this.#reopenDoor());
    this.#stopChecks();
    const { check } = this.#rules;
    if (check === undefined) return;
    this.#stopChecks = startActiveChecks(this.#pool, check, clock, (upstream, up, reason) => {
      if (up) logger.info({ upstream: upstream.id }, "an upstream is well again");
      else logger.warn({ upstream: upstream.id, reason }, "an upstream fails its checks and is left out");
    });
  }

  /** A file that cannot be used changes nothing: half-written ones are seen again when they are whole. */
  #reopenDoor(): void {
    const { logger } = this.#options;
    try {
      this.#door = openFrontDoor(this.#rules.front, this.#door);
      this.#listeners.update(this.#door.certificate, this.#rules.front.connectionsPerAddress);
      logger.info("API keys and certificate were read again");
    } catch (error) {
      logger.warn({ reason: (error as Error).message }, "API keys and certificate stay as they were");
    }
  }

  #warnIfOpen(bound: readonly ListenAddress[]): void {
    const open = bound.find(({ address }) => !isLoopback(address));
    if (this.#door.keys.size > 0 || open === undefined) return;
    this.#options.logger.warn(
      { address: open.address, port: open.port },
      `port ${open.port} can be reached from other machines and no API key is set: whoever reaches it can use the models; set --api-key or --api-keys-file`,
    );
  }

  #routeParts(): RouteParts {
    const { clock, random, logger, events, frontPage, guest } = this.#options;
    return {
      rawAnswers: new WeakMap(),
      frontPage: () => frontPage?.(),
      guest,
      pool: this.#pool,
      queue: this.#queue,
      hints: new PlacementHints(),
      connections: this.#connections,
      metrics: createMetrics(this.#pool, this.#queue, this.#options.moreMetrics),
      rules: () => this.#rules,
      door: () => this.#door,
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
    const places = this.#pool.upstreams
      .filter(isInService)
      .reduce((sum, upstream) => sum + (upstream.maxConns > 0 ? upstream.maxConns : upstream.conns), 0);
    return retryAfterSeconds({ depth: this.#queue.depth, places, meanServiceMs: this.#meanService.value });
  }
}

const serverFields = [
  "origin",
  "weight",
  "maxConns",
  "maxFails",
  "failTimeoutSeconds",
  "slowStartMs",
  "backup",
] as const;

function isSameServer(one: Upstream, other: Upstream): boolean {
  return serverFields.every((field) => one[field] === other[field]);
}

function statusOf(upstream: Upstream): UpstreamStatus {
  const { id, origin, owned, ready, draining, down, requests, failures, lastFailure } = upstream;
  const running = { slots: upstream.maxConns, active: upstream.conns };
  return { id, origin, owned, ready, draining, down, requests, failures, lastFailure, ...running };
}
