import type http from "node:http";
import { Registry } from "prom-client";
import type { Settings } from "@drover/config";
import { REQUEST_ID_HEADER } from "@drover/contract/headers";
import type { RequestRecord, RequestSummary } from "@drover/contract/request-record";
import type { RequestReport } from "@drover/contract/request-report";
import { requestIdOf } from "@drover/contract/request-id";
import { MovingAverage } from "@drover/foundation/moving-average";
import { corsHeaders } from "./access/cors.ts";
import { limitsOf, openFrontDoor } from "./access/front-door.ts";
import { KeptDoor } from "./access/kept-door.ts";
import { KeyLimits } from "./access/key-limits.ts";
import { clientAddress } from "./access/trusted-proxies.ts";
import type { Balancer, BalancerOptions, BalancerStatus, KeyUse, ListenAddress } from "./balancer-api.ts";
import { type BalancerRules, balancerRules } from "./balancer-settings.ts";
import { isLoopback, type ListenTarget, parseListen } from "./http/listen-address.ts";
import { type ListenerHandlers, Listeners } from "./http/listeners.ts";
import type { RawAnswer } from "./http/server.ts";
import { createMetrics, type Metrics } from "./own-routes/metrics.ts";
import { watchPool } from "./own-routes/pool-metrics.ts";
import { isLook } from "./own-routes/own-routes.ts";
import { startActiveChecks } from "./pool/active-checks.ts";
import { PlacementHints } from "./pool/placement-hints.ts";
import type { StandBy } from "./pool/pick-state.ts";
import { UpstreamPool } from "./pool/upstream-pool.ts";
import { createUpstream, isSameServer, statusOf, type UpstreamSpec } from "./pool/upstream.ts";
import { Admission } from "./queue/admission.ts";
import { AdmissionQueue } from "./queue/admission-queue.ts";
import { FairShares } from "./queue/fair-shares.ts";
import { retryAfterSeconds } from "./queue/retry-after.ts";
import { BodyBudget } from "./request/body-budget.ts";
import { CondemnedRequests } from "./request/condemned-requests.ts";
import { ClientRequest } from "./request/client-request.ts";
import { RunningRequests } from "./request/running-requests.ts";
import { RequestRecorder } from "./records/request-recorder.ts";
import { ResponseStore } from "./response-store/response-store.ts";
import { serveRequest, type Way } from "./serve-request.ts";
import { ConnectionPool } from "./upstream-http/connection-pool.ts";
import type { ClientConnection } from "./upstream-http/tunnel.ts";

/**
 * Builds a balancer; nothing is opened before `listen`.
 * @throws BadUpstreamError for an unusable entry of `balancer.upstreams`, ListenError for an unusable `listen`, FrontDoorError for keys,
 * certificates or networks that cannot be used.
 */
export function createBalancer(options: BalancerOptions): Balancer {
  return new RunningBalancer(options);
}

/**
 * Whether the balancer can run by these settings: all that `createBalancer` and a reload would refuse, without opening anything.
 * @throws as `createBalancer` does
 */
export function checkBalancer(settings: Settings): void {
  const rules = balancerRules(settings);
  openFrontDoor(rules.front);
  parseListen(settings.listen);
  for (const spec of rules.upstreams) createUpstream(spec);
}

/** Longest wait for the request of a client that had just connected when the end came. */
const NEWCOMER_LIMIT_MS = 1000;

class RunningBalancer implements Balancer {
  readonly #options: BalancerOptions;
  readonly #targets: readonly ListenTarget[];
  readonly #door: KeptDoor;
  readonly #pool: UpstreamPool;
  readonly #queue: AdmissionQueue;
  readonly #admission: Admission;
  readonly #limits: KeyLimits;
  readonly #connections: ConnectionPool;
  readonly #listeners: Listeners;
  readonly #registry: Registry;
  readonly #metrics: Metrics;
  readonly #recorder: RequestRecorder;
  #calls = 0;
  readonly #rawAnswers = new WeakMap<object, RawAnswer>();
  readonly #way: Way;
  readonly #meanService = new MovingAverage(0.1);
  readonly #running: RunningRequests;
  #rules: BalancerRules;
  #stopChecks: () => void = () => undefined;
  #wakeAsked = false;

  constructor(options: BalancerOptions) {
    const { clock, random, settings } = options;
    this.#options = options;
    this.#rules = balancerRules(settings, options.countsTokens);
    this.#door = new KeptDoor(this.#rules.front, {
      clock,
      logger: options.logger,
      onReplaced: ({ certificate, rules }) => this.#listeners.update(certificate, rules.connectionsPerAddress),
    });
    this.#targets = options.listenFds?.map((fd) => ({ fd })) ?? parseListen(settings.listen);
    const { policy, upstreams } = this.#rules;
    this.#pool = new UpstreamPool({ policy, upstreams, clock, random, standBy: this.#standBy() });
    this.#limits = new KeyLimits(clock);
    const shares = new FairShares();
    this.#queue = new AdmissionQueue(this.#rules.queue, {
      clock,
      shares,
      slots: () => this.#pool.slots,
      acquire: (pick) => this.#pool.acquire(pick),
      acquireBeyond: (pick) => this.#pool.acquireBeyond(pick),
    });
    this.#admission = this.#makeAdmission(shares);
    this.#connections = new ConnectionPool({ clock, keepalive: this.#rules.keepalive });
    this.#running = new RunningRequests(clock, {
      isUse: ({ arrival, path }) => !isLook(arrival.incoming, path, this.#way.ownRoutes),
      onIdle: () => options.events?.onIdle?.(),
    });
    this.#registry = options.registry ?? new Registry();
    this.#metrics = createMetrics(this.#registry);
    const rules = () => this.#rules;
    this.#recorder = new RequestRecorder({ clock, logger: options.logger, metrics: this.#metrics, rules });
    this.#way = this.#makeWay();
    this.#listeners = this.#makeListeners();
    this.#watchPool();
  }

  async listen(): Promise<readonly ListenAddress[]> {
    const bound = await this.#listeners.open(this.#targets, this.#door.present.certificate);
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

  upstreamDied(id: string, cause: "crashed" | "killed"): { readonly ofSuspect: boolean } {
    return { ofSuspect: this.#pool.died(id, cause === "crashed") };
  }

  setExpected(id: string, isExpected: boolean): void {
    this.#pool.setExpected(id, isExpected);
    if (!isExpected) this.#queue.dismiss((pick) => this.#pool.vacancy(pick) === "none");
  }

  requestEnded(id: string, report: RequestReport): void {
    this.#recorder.report(id, report);
  }

  explain(id: string): RequestRecord | undefined {
    return this.#recorder.explain(id);
  }

  recentRequests(count: number): readonly RequestSummary[] {
    return this.#recorder.recent(count);
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
      idleSinceMs: this.#running.idleSinceMs,
      requests: this.#running.byStage(),
    };
  }

  keyUse(): readonly KeyUse[] {
    const door = this.#door.present;
    return door.keys.callers.map((caller) => {
      return { label: caller.label, ...this.#limits.useOf(caller.label, limitsOf(door, caller)) };
    });
  }

  applySettings(settings: Settings): void {
    const rules = balancerRules(settings, this.#options.countsTokens);
    // The last thing that can fail: behind it everything is taken on.
    const door = openFrontDoor(rules.front);
    const pool = new UpstreamPool({
      ...this.#options,
      standBy: undefined,
      policy: rules.policy,
      upstreams: rules.upstreams,
    });
    this.#rules = rules;
    this.#door.replace(door);
    this.#pool.setPolicy(rules.policy);
    this.#queue.setOptions(rules.queue);
    this.#replaceUpstreams(pool);
    this.#watch();
  }

  async close({ drainTimeoutMs }: { readonly drainTimeoutMs: number }): Promise<void> {
    this.#door.stopWatching();
    this.#stopChecks();
    const stopped = this.#listeners.stop();
    this.#queue.close();
    this.#running.closeAfterResponse();
    await this.#running.emptied(drainTimeoutMs);
    await this.#listeners.newcomersHeard(Math.min(NEWCOMER_LIMIT_MS, drainTimeoutMs), this.#options.clock);
    // What needs a slot is refused at once, with Retry-After; the rest is answered.
    await this.#running.emptied(drainTimeoutMs);
    this.#listeners.cut();
    this.#connections.destroy();
    this.#recorder.close();
    await stopped;
  }

  /** Servers of the settings that changed or went are removed, new and changed ones added; the workers stay. */
  #standBy(): StandBy | undefined {
    const { standBy } = this.#options;
    // Who is taken from the queue is in its depth; who comes while nobody waits is not.
    return standBy && ((able) => standBy(able, this.#pool.active + Math.max(1, this.#queue.depth)));
  }

  #replaceUpstreams(wanted: UpstreamPool): void {
    for (const upstream of this.#pool.upstreams) {
      const other = wanted.get(upstream.id);
      if (upstream.owned) continue;
      if (other === undefined || !isSameServer(upstream, other)) this.removeUpstream(upstream.id);
      else this.#pool.markDown(upstream.id, other.isMarkedDown);
    }
    for (const spec of this.#rules.upstreams) if (this.#pool.get(spec.id) === undefined) this.#pool.add(spec);
  }

  #makeListeners(): Listeners {
    const handlers: ListenerHandlers = {
      onRequest: (incoming, response, switchable) => this.#receive(incoming, response, switchable),
      onRefused: (reason, answered) => {
        this.#metrics.countRefusal(reason);
        if (answered !== undefined) this.#rawAnswers.set(answered.socket, answered);
      },
      responseHeaders: (origin) => corsHeaders(origin, this.#door.present.rules.corsOrigins),
    };
    return new Listeners(handlers, this.#rules.server, this.#rules.front.connectionsPerAddress);
  }

  #receive(
    incoming: http.IncomingMessage,
    response: http.ServerResponse,
    switchable: ClientConnection | undefined,
  ): void {
    const { trusted, rules } = this.#door.present;
    const arrival = {
      incoming,
      response,
      switchable,
      id: requestIdOf(incoming.headers[REQUEST_ID_HEADER], this.#options.random),
      call: String((this.#calls += 1)),
      trace: this.#options.tracing?.begin(incoming.headers, this.#options.clock.epochMs()),
      clientAddress: clientAddress(incoming, trusted),
      fromTrustedProxy: trusted.has(incoming.socket.remoteAddress ?? ""),
      receivedAtMs: this.#options.clock.monotonicMs(),
      responseHeaders: corsHeaders(incoming.headers.origin, rules.corsOrigins),
      decidesCors: rules.corsOrigins.length > 0,
    };
    const request = new ClientRequest(arrival, this.#recorder.ended);
    this.#running.add(request);
    void serveRequest(request, this.#way);
  }

  #watchPool(): void {
    const { clock, logger } = this.#options;
    const certificate = () => this.#door.present.certificate?.cert;
    this.#pool.listen({
      onRemoved: watchPool(this.#registry, { pool: this.#pool, queue: this.#queue, certificate }),
      onVacancy: () => this.#queue.dispatch(),
      onReleased: (lease, outcome) => {
        this.#admission.released(lease);
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
    this.#door.watch();
    this.#stopChecks();
    const { check } = this.#rules;
    if (check === undefined) {
      for (const { id } of this.#pool.upstreams) this.#pool.setFailsChecks(id, false);
      return;
    }
    this.#stopChecks = startActiveChecks(this.#pool, check, clock, (upstream, up, reason) => {
      if (up) logger.info({ upstream: upstream.id }, "an upstream is well again");
      else logger.warn({ upstream: upstream.id, reason }, "an upstream fails its checks and is left out");
    });
  }

  #warnIfOpen(bound: readonly ListenAddress[]): void {
    const open = bound.find(({ address }) => !isLoopback(address));
    if (this.#door.present.keys.size > 0 || open === undefined) return;
    this.#options.logger.warn(
      { address: open.address, port: open.port },
      `port ${open.port} can be reached from other machines and no API key is set: whoever reaches it can use the models; set --api-key or --api-keys-file`,
    );
  }

  #makeWay(): Way {
    const { clock, logger, frontPage, guest, readiness, ownsApi } = this.#options;
    const ownsApiNow = () => ownsApi?.() === true;
    const responses = new ResponseStore(() => this.#rules.storedResponses);
    const shared = { pool: this.#pool, metrics: this.#metrics, clock };
    return {
      door: () => this.#door.present,
      limits: this.#limits,
      ownRoutes: {
        ...shared,
        queue: this.#queue,
        needsKey: () => this.#door.present.keys.size > 0,
        frontPage: () => frontPage?.(),
        guest,
        readiness: () => readiness?.(),
      },
      forwarder: {
        ...shared,
        admission: this.#admission,
        hints: new PlacementHints(),
        connections: this.#connections,
        logger,
        bodies: new BodyBudget(() => this.#rules.heldBodyBytes),
        ownsApi: ownsApiNow,
        responses: () => (responses.isOn && ownsApiNow() ? responses : undefined),
        condemned: new CondemnedRequests(clock),
        rules: () => this.#rules,
        retryAfterSeconds: () => this.#retryAfter(),
        rawAnswers: this.#rawAnswers,
      },
      logger,
    };
  }

  #makeAdmission(shares: FairShares): Admission {
    const { events } = this.#options;
    return new Admission(this.#pool, this.#queue, shares, {
      onWaited: (waitMs) => {
        this.#metrics.countQueueWait(waitMs);
        events?.onQueueWait?.(waitMs);
      },
      onWakeNeeded: () => {
        if (this.#wakeAsked) return;
        this.#wakeAsked = true;
        events?.onWakeNeeded?.();
      },
    });
  }

  #retryAfter(): number {
    return retryAfterSeconds({
      depth: this.#queue.depth,
      places: this.#pool.slots,
      meanServiceMs: this.#meanService.value,
    });
  }
}
