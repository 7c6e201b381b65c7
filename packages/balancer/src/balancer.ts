import { SharedWork } from "@drover/foundation/shared-work";
import { Registry } from "prom-client";
import type { Settings } from "@drover/config";
import type { RequestRecord, RequestSummary } from "@drover/contract/request-record";
import type { RequestReport } from "@drover/contract/request-report";
import { corsHeaders } from "./access/cors.ts";
import { type KeyUse, keyUse, openFrontDoor, refuseOpening } from "./access/front-door.ts";
import { CurrentFrontDoor } from "./access/current-front-door.ts";
import { KeyLimits } from "./access/key-limits.ts";
import { arrivalOf, type Received } from "./arrival.ts";
import type { Balancer, BalancerOptions, BalancerStatus, ListenAddress } from "./balancer-api.ts";
import { type BalancerRules, balancerRules } from "./balancer-settings.ts";
import { ConfiguredUpstreams } from "./configured-upstreams.ts";
import { type ListenTarget, parseListen, warnIfOpen } from "./http/listen-address.ts";
import { type ListenerHandlers, Listeners } from "./http/listeners.ts";
import type { RawResponse } from "./http/server.ts";
import { createMetrics, type Metrics } from "./own-routes/metrics.ts";
import { watchPool } from "./own-routes/pool-metrics.ts";
import { PlacementHints } from "./pool/placement-hints.ts";
import type { StandBy } from "./pool/pick-state.ts";
import { UpstreamPool } from "./pool/upstream-pool.ts";
import { createUpstream, statusOf, type UpstreamSpec } from "./pool/upstream.ts";
import { Admission, type AdmissionEvents } from "./queue/admission.ts";
import { BodyBudget } from "./request/body/body-budget.ts";
import { CondemnedRequests } from "./request/condemned-requests.ts";
import { ClientRequest } from "./request/client-request.ts";
import { RunningRequests } from "./request/running-requests.ts";
import { RequestRecorder } from "./records/request-recorder.ts";
import { ResponseStore } from "./response-store/response-store.ts";
import { serveRequest, type Services } from "./serve-request.ts";
import { ConnectionPool } from "./upstream-http/connection-pool.ts";

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
  readonly #door: CurrentFrontDoor;
  readonly #pool: UpstreamPool;
  readonly #configured: ConfiguredUpstreams;
  readonly #admission: Admission;
  readonly #limits: KeyLimits;
  readonly #connections: ConnectionPool;
  readonly #listeners: Listeners;
  readonly #registry: Registry;
  readonly #metrics: Metrics;
  readonly #recorder: RequestRecorder;
  #calls = 0;
  readonly #rawResponses = new WeakMap<object, RawResponse>();
  readonly #services: Services;
  readonly #running: RunningRequests;
  #rules: BalancerRules;

  constructor(options: BalancerOptions) {
    const { clock, logger, random, settings, onRecord } = options;
    this.#options = options;
    this.#rules = balancerRules(settings);
    this.#door = new CurrentFrontDoor(this.#rules.front, {
      clock,
      logger: options.logger,
      onReplaced: ({ certificate, rules }) => this.#listeners.update(certificate, rules.connectionsPerAddress),
    });
    this.#targets = options.listenFds?.map((fd) => ({ fd })) ?? parseListen(settings.listen);
    const { policy, upstreams } = this.#rules;
    this.#pool = new UpstreamPool({ policy, upstreams, clock, random, standBy: this.#standBy() });
    this.#limits = new KeyLimits(clock);
    this.#configured = new ConfiguredUpstreams(this.#pool.members, clock, options.logger);
    this.#admission = new Admission(this.#rules.queue, { pool: this.#pool, clock, events: this.#admissionEvents() });
    this.#connections = new ConnectionPool({ clock, keepalive: this.#rules.keepalive });
    this.#running = new RunningRequests(clock, () => options.events?.onIdle?.());
    this.#registry = options.registry ?? new Registry();
    this.#metrics = createMetrics(this.#registry);
    const rules = () => this.#rules;
    this.#recorder = new RequestRecorder({ clock, logger, metrics: this.#metrics, onRecord, rules });
    this.#services = this.#makeServices();
    this.#listeners = this.#makeListeners();
    this.#watchPool();
  }

  async listen(): Promise<readonly ListenAddress[]> {
    const bound = await this.#listeners.open(this.#targets, this.#door.present.certificate);
    if (this.#door.present.keys.size === 0) warnIfOpen(bound, this.#options.logger);
    this.#watch();
    return bound;
  }

  addUpstream(spec: UpstreamSpec): void {
    this.#pool.members.add(spec);
  }

  setReady(id: string, ready: boolean): void {
    const upstream = this.#pool.members.get(id);
    if (!ready && upstream !== undefined) this.#connections.closeIdle(upstream);
    this.#pool.members.setReady(id, ready);
  }

  upstreamDied(id: string, cause: "crashed" | "killed"): { readonly ofSuspect: boolean } {
    return { ofSuspect: this.#pool.died(id, cause === "crashed") };
  }

  setExpected(id: string, isExpected: boolean): void {
    this.#pool.members.setExpected(id, isExpected);
    if (isExpected) return;
    this.#admission.dismissHopeless();
    // Who waited for it alone may go elsewhere now.
    this.#admission.dispatch();
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
    return this.#pool.members.drain(id);
  }

  undrainUpstream(id: string): void {
    this.#pool.members.undrain(id);
  }

  removeUpstream(id: string): void {
    this.#pool.members.remove(id);
  }

  status(): BalancerStatus {
    return {
      queue: { depth: this.#admission.queue.depth, limit: this.#admission.queue.limit },
      upstreams: this.#pool.members.all.map((upstream) => statusOf(upstream)),
      idleSinceMs: this.#running.idleSinceMs,
      requests: this.#running.byStage(),
    };
  }

  keyUse(): readonly KeyUse[] {
    return keyUse(this.#door.present, this.#limits);
  }

  applySettings(settings: Settings): void {
    const rules = balancerRules(settings);
    for (const spec of rules.upstreams) createUpstream(spec);
    // The last thing that can fail: behind it everything is taken on.
    const door = openFrontDoor(rules.front);
    refuseOpening(this.#door.present, door);
    this.#rules = rules;
    this.#door.replace(door);
    this.#pool.setPolicy(rules.policy);
    this.#admission.setOptions(rules.queue);
    this.#configured.replace(rules.upstreams);
    this.#watch();
  }

  async close({ drainTimeoutMs }: { readonly drainTimeoutMs: number }): Promise<void> {
    this.#door.stopWatching();
    this.#configured.stopChecks();
    const stopped = this.#listeners.stop();
    this.#admission.close();
    this.#running.closeAfterResponse();
    await this.#running.emptied(drainTimeoutMs);
    await this.#listeners.newcomersHeard(Math.min(NEWCOMER_LIMIT_MS, drainTimeoutMs), this.#options.clock);
    // What needs a slot is refused at once, with Retry-After; the rest is served.
    await this.#running.emptied(drainTimeoutMs);
    this.#listeners.cut();
    this.#connections.destroy();
    this.#recorder.close();
    await stopped;
  }

  #standBy(): StandBy | undefined {
    const { standBy } = this.#options;
    // Who is taken from the queue is in its depth; who comes while nobody waits is not.
    return standBy && ((able) => standBy(able, this.#pool.active + Math.max(1, this.#admission.queue.depth)));
  }

  #makeListeners(): Listeners {
    const handlers: ListenerHandlers = {
      onRequest: (incoming, response, switchable) => this.#receive({ incoming, response, switchable }),
      onRefused: (reason, sent) => {
        this.#metrics.countRefusal(reason);
        if (sent !== undefined) this.#rawResponses.set(sent.socket, sent);
      },
      responseHeaders: (origin) => corsHeaders(origin, this.#door.present.rules.corsOrigins),
      sendTimeoutMs: () => this.#rules.timeouts.clientStallMs ?? 0,
    };
    return new Listeners(handlers, this.#rules.server, this.#rules.front.connectionsPerAddress);
  }

  #receive(received: Received): void {
    this.#calls += 1;
    const arrival = arrivalOf(received, this.#calls, this.#door.present, this.#options);
    const request = new ClientRequest(arrival, this.#recorder.ended, this.#options.clock);
    this.#running.add(request);
    void serveRequest(request, this.#services);
  }

  #watchPool(): void {
    const { logger } = this.#options;
    const certificate = () => this.#door.present.certificate?.cert;
    const { queue } = this.#admission;
    const countRemoved = watchPool(this.#registry, { pool: this.#pool, queue, certificate });
    this.#pool.listen({
      onRemoved: (upstream) => {
        this.#connections.closeIdle(upstream);
        countRemoved(upstream);
      },
      onVacancy: () => this.#admission.dispatch(),
      onIsolationWanted: () => this.#options.events?.onIsolationWanted?.(),
      onIsolationOver: () => this.#options.events?.onIsolationOver?.(),
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
    this.#door.watch();
    this.#configured.check(this.#rules.check);
  }

  #makeServices(): Services {
    const { clock, logger, frontPage, guest, readiness, ownsApi } = this.#options;
    const ownsApiNow = () => ownsApi?.() === true;
    const responses = new ResponseStore(() => this.#rules.storedResponses);
    const shared = { pool: this.#pool, metrics: this.#metrics, clock };
    return {
      door: () => this.#door.present,
      limits: this.#limits,
      onUse: (request) => this.#running.use(request),
      ownRoutes: {
        ...shared,
        queue: this.#admission.queue,
        looks: new SharedWork(),
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
        rawResponses: this.#rawResponses,
      },
    };
  }

  #admissionEvents(): AdmissionEvents {
    const { events } = this.#options;
    return {
      onWaited: (waitMs) => {
        this.#metrics.countQueueWait(waitMs);
        events?.onQueueWait?.(waitMs);
      },
      onWakeNeeded: () => events?.onWakeNeeded?.(),
    };
  }
}
