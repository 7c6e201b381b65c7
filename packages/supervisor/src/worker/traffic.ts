import type { Balancer, UpstreamStatus } from "@drover/balancer";
import { isDeepStrictEqual } from "node:util";
import { type Clock, within } from "@drover/foundation/clock";
import type { Activity } from "../process/spawn.ts";

/** What a worker's traffic needs of the balancer. */
export type BalancerPort = Pick<
  Balancer,
  | "addUpstream"
  | "upstreamDied"
  | "setReady"
  | "setExpected"
  | "drainUpstream"
  | "undrainUpstream"
  | "removeUpstream"
  | "status"
>;

/** Where a worker takes requests. */
export interface WorkerAddress {
  readonly port: number;
  readonly slots: number;
  readonly secret: string;
  /** It reads the snapshots of the others. */
  readonly sharesState: boolean;
  /** It tells of each request how it went. */
  readonly reports: boolean;
}

/** Stands for a worker's address until it has one; never ready, so nothing is ever sent there. */
const NOT_YET_STARTED: WorkerAddress = { port: 1, slots: 1, secret: "", sharesState: false, reports: false };

/**
 * Turns traffic to one worker on and off. A worker that came back elsewhere (its port was stolen, its slots changed) is
 * a new upstream for the balancer; its count of requests goes on.
 */
export class Traffic {
  /** Its id in the balancer; two generations of a worker have different ones, because for a while both exist. */
  readonly id: string;
  readonly #worker: string;
  readonly #isIsolation: boolean;
  readonly #balancer: BalancerPort;
  #address: WorkerAddress | undefined;
  #isDraining = false;
  #earlierRequests: number;
  #heldBack: WorkerAddress | undefined;
  #isHeld: boolean;

  /**
   * @param options.worker id of the worker, by which people know it
   * @param options.isHeld no traffic before {@link release}, however ready the worker is: a canary comes first
   * @param options.isIsolation it takes only requests of senders whose requests have crashed workers
   * @param options.earlierRequests what the worker that this one replaces has counted
   */
  constructor(
    balancer: BalancerPort,
    id: string,
    options: {
      readonly worker: string;
      readonly isHeld?: boolean;
      readonly isIsolation?: boolean;
      readonly earlierRequests?: number;
    },
  ) {
    this.#worker = options.worker;
    this.id = id;
    this.#balancer = balancer;
    this.#isHeld = options.isHeld ?? false;
    this.#isIsolation = options.isIsolation ?? false;
    this.#earlierRequests = options.earlierRequests ?? 0;
    // The balancer hears of the worker at once, so that the first requests wait for it instead of finding no upstream.
    if (!this.#isHeld) this.#add(NOT_YET_STARTED);
  }

  /** Requests that were ever routed to the worker. */
  get requests(): number {
    return this.#earlierRequests + (this.#upstream()?.requests ?? 0);
  }

  /** Requests that it has now. */
  get active(): number {
    return this.#upstream()?.active ?? 0;
  }

  /** What its requests do, for those who judge it from outside. */
  get activity(): Activity {
    const { active = 0, beside = 0, bytesReceived = 0 } = this.#upstream() ?? {};
    return { active: active + beside, bytesReceived };
  }

  /** Lets a held one take traffic, now or as soon as it is ready. */
  release(): void {
    this.#isHeld = false;
    if (this.#heldBack !== undefined) this.open(this.#heldBack);
    this.#heldBack = undefined;
  }

  open(address: WorkerAddress): void {
    if (this.#isHeld) {
      this.#heldBack = address;
      return;
    }
    if (!isDeepStrictEqual(this.#address, address)) {
      this.#earlierRequests = this.requests;
      this.#isDraining = false;
      this.#add(address);
    }
    if (this.#isDraining) this.#balancer.undrainUpstream(this.id);
    this.#isDraining = false;
    this.#balancer.setReady(this.id, true);
  }

  /** Whether requests may wait for it while it is not ready. */
  expect(isExpected: boolean): void {
    if (this.#address !== undefined) this.#balancer.setExpected(this.id, isExpected);
  }

  /** Its process has ended unasked. @returns whether a request was in it that had been in another worker's crash */
  died(cause: "crashed" | "killed"): boolean {
    return this.#address !== undefined && this.#balancer.upstreamDied(this.id, cause).ofSuspect;
  }

  /** Whether another worker serves now. */
  get othersServe(): boolean {
    return this.#balancer.status().upstreams.some(({ id, state }) => state === "ready" && id !== this.id);
  }

  /** Gives it no new request. */
  close(): void {
    this.#heldBack = undefined;
    if (this.#address !== undefined) this.#balancer.setReady(this.id, false);
  }

  /** Gives it no new request; resolves when its last one has ended. */
  async drained(): Promise<void> {
    if (this.#address === undefined) return;
    this.#isDraining = true;
    await this.#balancer.drainUpstream(this.id);
  }

  /** As {@link drained}, for at most `limitMs`. */
  async drainedWithin(limitMs: number, clock: Clock): Promise<void> {
    await within(clock, limitMs, this.drained());
  }

  /** Takes it out of the balancer. */
  remove(): void {
    if (this.#address === undefined) return;
    this.#earlierRequests = this.requests;
    this.#balancer.removeUpstream(this.id);
    this.#address = undefined;
    this.#isDraining = false;
  }

  #add(address: WorkerAddress): void {
    const { port, slots: maxConns, ...rest } = address;
    const origin = `http://127.0.0.1:${port}`;
    const what = { id: this.id, worker: this.#worker, isolation: this.#isIsolation };
    this.#balancer.addUpstream({ ...what, origin, owned: true, maxConns, ...rest });
    this.#address = address;
  }

  #upstream(): UpstreamStatus | undefined {
    return this.#balancer.status().upstreams.find((upstream) => upstream.id === this.id);
  }
}
