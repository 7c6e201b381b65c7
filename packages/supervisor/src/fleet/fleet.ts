import type { Settings } from "@drover/config";
import { systemClock } from "@drover/foundation/clock";
import { SharedWork } from "@drover/foundation/shared-work";
import { SupervisorError } from "../errors.ts";
import { createGate } from "../gate.ts";
import type { Layout } from "../placement/layout.ts";
import { readTopology } from "../placement/topology.ts";
import { residentBytes } from "../process/memory.ts";
import { UsageSampler } from "../process/usage.ts";
import { createSerialQueue } from "../serial-queue.ts";
import type { Recipe } from "../worker/recipe.ts";
import type { WorkerChange } from "../worker/worker-change.ts";
import { Worker, type WorkerParts, type WorkerSpec } from "../worker/worker.ts";
import { ISOLATION_INDEX } from "../worker/worker-index.ts";
import { createWorkerParts, type FleetParts, logChange } from "./fleet-parts.ts";
import { askWorkers } from "./ask-workers.ts";
import { FleetSleep, type Sleep } from "./fleet-sleep.ts";
import { type FleetStatus, readFleetStatus } from "./fleet-status.ts";
import { fitsBeside } from "./memory-guard.ts";
import { IsolationWorker } from "./isolation-worker.ts";
import { Ports } from "./ports.ts";
import { replaceWorker, type ReplaceParts } from "./replace-worker.ts";
import { placementOf, rollWorkers } from "./roll.ts";

const TICK_MS = 1000;

/** All workers: starts them, watches them, and does what the admin API asks for, one thing at a time. */
export class Fleet {
  readonly #parts: FleetParts;
  readonly #workers = new Map<string, Worker>();
  /** Those that are about to replace one, and the one for isolated senders. */
  readonly #candidates = new Set<Worker>();
  readonly isolation: IsolationWorker;
  readonly #ports: Ports;
  readonly #usage = new UsageSampler(systemClock);
  readonly #workerParts: WorkerParts;
  readonly #firstReady = createGate<void>();
  readonly #inOrder = createSerialQueue();
  readonly #wakes = new SharedWork<void>();
  readonly #sleep = new FleetSleep();
  #settings: Settings;
  #recipe: Recipe;
  #layout: Layout;
  #lastTick = systemClock.monotonicMs();
  #stopTicking: (() => void) | undefined;
  #isEnding = false;

  constructor(parts: FleetParts) {
    this.#parts = parts;
    this.#settings = parts.recipe.settings;
    this.#recipe = parts.recipe;
    this.#layout = parts.layout;
    this.#ports = new Ports(parts.logger);
    this.#workerParts = createWorkerParts(parts, this.#ports, {
      settings: () => this.#settings,
      onChange: (worker, change) => this.#onChange(worker, change),
    });
    this.isolation = new IsolationWorker(() => ({
      ...this.#replaceParts(),
      next: { placement: placementOf(this.#layout, this.placeCount), recipe: this.#recipe },
      workers: this.workers,
      isAsleep: this.sleep !== undefined,
    }));
    // Whoever waits hears of it; nobody waiting is no error.
    this.#firstReady.opened.catch(() => {});
  }

  /** Resolves when a first worker serves; rejects with SupervisorError `nothing_served` when every one failed. */
  get firstReady(): Promise<void> {
    return this.#firstReady.opened;
  }

  /** When it last looked after its workers, which it does each second. */
  get lastCheckAt(): number {
    return this.#lastTick;
  }

  /** Most workers that have a placement of their own, which is also what memory holds. */
  get placeCount(): number {
    return this.#layout.placements.length;
  }

  get workerCount(): number {
    return this.#workers.size;
  }

  /** By index; without candidates. */
  get workers(): readonly Worker[] {
    return [...this.#workers.values()].toSorted((a, b) => a.index - b.index);
  }

  /** From the decision to unload all workers until one of them serves again; undefined: none of that. */
  get sleep(): Sleep | undefined {
    return this.#sleep.current;
  }

  /** Starts `count` workers side by side. */
  start(count: number): void {
    this.#stopTicking = systemClock.every(TICK_MS, () => this.#tick());
    for (let index = 1; index <= count; index += 1) this.#add(index);
  }

  status(): Promise<FleetStatus> {
    return readFleetStatus([...this.workers, ...this.isolation.workers], this.#parts, this.#usage);
  }

  /** Resolves when the workers are `count`; those that go are drained first, the last ones first. */
  scale(count: number): Promise<void> {
    return this.#inOrder(() => this.#resize(count));
  }

  /** Drains, ends and starts one worker, or each after the other, until one start fails; resolves when they serve again, those that were drained too. */
  restart(id: string | undefined): Promise<void> {
    return this.#inOrder(async () => {
      for (const worker of id === undefined ? this.workers : [this.#get(id)]) {
        await worker.finish(this.#settings.supervision.drainTimeout);
        if (this.#isEnding) return;
        worker.undrain();
        worker.start();
        const state = await worker.until("ready", "backoff", "quarantined", "exited");
        const reason = `${worker.lastReason ?? "unknown"}${state === "backoff" ? "; it is tried again" : ""}`;
        if (state !== "ready") throw new SupervisorError("refused", `worker ${worker.id} did not come back: ${reason}`);
      }
    });
  }

  /** Replaces one worker by a new one of its kind, without a pause where memory allows. */
  replace(id: string): Promise<void> {
    return this.#inOrder(async () => {
      const old = this.#get(id);
      const result = await replaceWorker(old, old, this.#replaceParts());
      if (!result.isDone) throw new SupervisorError("refused", `worker ${id} could not be replaced: ${result.reason}`);
    });
  }

  /** Applies settings that need no new worker. */
  applySettings(settings: Settings): void {
    this.#settings = settings;
  }

  /**
   * Brings the workers to a new recipe and number, one by one, or leaves everything as it was.
   * @throws SupervisorError `refused` with the reason
   */
  roll(recipe: Recipe, layout: Layout, count: number): Promise<void> {
    const toNext = async () => {
      await rollWorkers(this.workers, { recipe, layout, count }, this.#replaceParts());
      this.#recipe = recipe;
      this.#layout = layout;
      await this.#resize(count);
      for (const worker of this.workers) if (worker.state === "quarantined") worker.start();
    };
    return this.#inOrder(() => this.isolation.without(toNext));
  }

  /** Resolves when the worker's last request has ended. @throws SupervisorError `refused` when it is put back to work before */
  async drain(id: string): Promise<void> {
    const worker = this.#get(id);
    worker.drain();
    if (!worker.isDrained) throw notNow(worker, "drained");
    await Promise.race([worker.traffic.drained(), worker.until("ready")]);
    if (!worker.isDrained)
      throw new SupervisorError("refused", `worker ${id} was put back to work before it was drained`);
  }

  undrain(id: string): void {
    const worker = this.#get(id);
    const { isDrained } = worker;
    worker.undrain();
    // A drained one whose process is just coming back will serve as soon as it is there.
    if (worker.state !== "ready" && !isDrained) throw notNow(worker, "put back to work");
  }

  /** Unloads every worker until {@link wake}, if that is still wanted when it begins: a request may have come first. */
  fallAsleep(isWanted: () => boolean): Promise<void> {
    return this.#inOrder(async () => {
      const responses = await askWorkers(this.workers);
      if (this.#isEnding || !isWanted()) return;
      this.#sleep.begin(responses);
      const { drainTimeout } = this.#settings.supervision;
      await Promise.all([this.isolation.end(), ...this.workers.map((worker) => worker.finish(drainTimeout))]);
    });
  }

  /** To be called for each request that finds nobody: the one before may have come before the sleep. */
  wake(): Promise<void> {
    return this.#wakes.do("wake", () =>
      this.#inOrder(async () => {
        if (!this.#isEnding) this.#sleep.wake(this.workers);
      }),
    );
  }

  /** Ends every worker; resolves when no process is left. Requests should have ended before. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    this.#stopTicking?.();
    const everyone = this.#everyone();
    for (const worker of everyone) worker.stop();
    await Promise.all(everyone.map((worker) => worker.until("exited")));
  }

  /** Kills every worker at once, for a second signal. */
  killAll(): void {
    this.#isEnding = true;
    for (const worker of this.#everyone()) worker.killNow();
  }

  /** Every one that may have a process. */
  #everyone(): readonly Worker[] {
    return [...this.#workers.values(), ...this.#candidates];
  }

  /** @throws SupervisorError `refused` naming those that there are */
  #get(id: string): Worker {
    const worker = this.#workers.get(id);
    if (worker !== undefined) return worker;
    const known = [...this.#workers.keys()].join(", ");
    throw new SupervisorError("refused", `there is no worker "${id}"; there are ${known}`);
  }

  #add(index: number): void {
    const worker = this.#create({ index, placement: placementOf(this.#layout, index), recipe: this.#recipe });
    if (!this.#isEnding) worker.start();
  }

  async #resize(count: number): Promise<void> {
    for (let index = 1; index <= count; index += 1) if (!this.#workers.has(String(index))) this.#add(index);
    const surplus = this.workers.filter(({ index }) => index > count);
    await Promise.all(
      surplus.map(async (worker) => {
        await worker.finish(this.#settings.supervision.drainTimeout);
        this.#dispose(worker);
      }),
    );
  }

  #create(spec: WorkerSpec): Worker {
    const worker = new Worker(spec, this.#workerParts);
    if (spec.replaces === undefined && spec.index !== ISOLATION_INDEX) this.#workers.set(worker.id, worker);
    else this.#candidates.add(worker);
    return worker;
  }

  #admit(candidate: Worker): void {
    this.#candidates.delete(candidate);
    this.#workers.set(candidate.id, candidate);
  }

  #dispose(worker: Worker): void {
    worker.traffic.remove();
    this.#candidates.delete(worker);
    if (this.#workers.get(worker.id) === worker) this.#workers.delete(worker.id);
    this.#ports.release(worker.traffic.id);
  }

  #onChange(worker: Worker, change: WorkerChange): void {
    const { logger, onChange } = this.#parts;
    logChange(logger, change, this.#isEnding);
    onChange(change);
    const { workers } = this;
    if (!this.#isEnding) this.#sleep.onChange(change, workers);
    if (change.to === "ready" && workers.includes(worker)) this.#firstReady.open();
    if (workers.every(({ state, wasReady }) => state === "quarantined" && !wasReady)) {
      const reasons = [...new Set(workers.map(({ lastReason }) => lastReason ?? "unknown"))].join("; ");
      this.#firstReady.fail(new SupervisorError("nothing_served", `every worker failed to start: ${reasons}`));
    }
  }

  #tick(): void {
    const now = systemClock.monotonicMs();
    const late = now - this.#lastTick - TICK_MS;
    this.#lastTick = now;
    // If the supervisor itself stood still, what the workers said meanwhile is not read yet.
    const missedMs = late > TICK_MS ? late : 0;
    for (const worker of this.#everyone()) worker.checkLiveness(missedMs);
  }

  #replaceParts(): ReplaceParts {
    const { logger } = this.#parts;
    const { drainTimeout, startTimeout } = this.#settings.supervision;
    return {
      get: (id) => this.#get(id),
      create: (spec) => this.#create(spec),
      admit: (candidate) => this.#admit(candidate),
      dispose: (worker) => this.#dispose(worker),
      fitsBeside: ({ process }) => fitsBeside(residentBytes(process?.pid), readTopology().memory.freeBytes),
      logger,
      isEnding: () => this.#isEnding,
      drainTimeoutMs: drainTimeout,
      canaryTimeoutMs: startTimeout,
    };
  }
}

function notNow(worker: Worker, what: string): SupervisorError {
  return new SupervisorError("refused", `worker ${worker.id} is ${worker.state} and can't be ${what}`);
}
