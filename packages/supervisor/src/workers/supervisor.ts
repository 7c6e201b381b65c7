import type { Settings } from "@drover/config";
import type { Logger } from "pino";
import type { Clock } from "@drover/foundation/clock";
import { SupervisorError } from "../errors.ts";
import { createGate } from "../gate.ts";
import type { Layout, WorkerPlace } from "../placement/layout.ts";
import type { AskCanary } from "./canary.ts";
import { type Member, type Recipe, recipeText } from "./member.ts";
import { createTurns, replaceMember, type RollParts } from "./roll-workers.ts";
import { planRoll } from "./rolling.ts";
import type { SnapshotDirectory } from "./snapshot-directory.ts";
import type { SpawnWorker } from "./spawn-worker.ts";
import { stopWorker } from "./stop-worker.ts";
import type { TrafficPort } from "./upstream-bridge.ts";
import type { ServedModel } from "./worker-launch.ts";
import type { WorkerChange, WorkerRunner } from "./worker-runner.ts";
import { WorkerSet } from "./worker-set.ts";
import type { SupervisorStatus } from "./worker-status.ts";

export interface SupervisorParts {
  readonly settings: Settings;
  readonly model: ServedModel;
  readonly snapshots: SnapshotDirectory;
  /** For the workers that are started first. */
  readonly snapshotLimitBytes: number;
  /** One place for each worker; workers beyond it share places. */
  readonly layout: Layout;
  readonly balancer: TrafficPort;
  readonly spawn: SpawnWorker;
  readonly askCanary: AskCanary;
  /** Whether a second generation of a worker fits into memory beside the first. */
  readonly fitsBeside: (old: Member) => boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Share of the model that a worker has loaded, 0 to 1. */
  readonly onProgress: (worker: string, progress: number) => void;
  readonly onChange: (change: WorkerChange) => void;
}

const TICK_MS = 1000;

/** Owns the workers: starts them, watches them, and does what the admin API asks for, one thing at a time. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #set: WorkerSet;
  readonly #firstReady = createGate<void>();
  readonly #inTurn = createTurns();
  #settings: Settings;
  #recipe: Recipe;
  #layout: Layout;
  #lastTick: number;
  #stopTicking: (() => void) | undefined;
  #isEnding = false;
  #isAsleep = false;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#settings = parts.settings;
    const { settings, model, snapshotLimitBytes } = parts;
    this.#recipe = { settings, model, snapshotLimitBytes };
    this.#layout = parts.layout;
    this.#lastTick = parts.clock.monotonicMs();
    this.#set = new WorkerSet({
      ...parts,
      limits: () => this.#settings.supervision,
      onChange: (member, change) => this.#onChange(member, change),
    });
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

  /** Most workers that have a place of their own, which is also what memory holds. */
  get placeCount(): number {
    return this.#layout.places.length;
  }

  get workerCount(): number {
    return this.#set.members.length;
  }

  get members(): readonly Member[] {
    return this.#set.members;
  }

  get isAsleep(): boolean {
    return this.#isAsleep;
  }

  /** Starts `count` workers side by side. */
  start(count: number): void {
    this.#stopTicking = this.#parts.clock.every(TICK_MS, () => this.#tick());
    for (let index = 1; index <= count; index += 1) this.#add(index);
  }

  status(): Promise<SupervisorStatus> {
    return this.#set.status();
  }

  /** Resolves when the workers are `count`; those that go are drained first, the last ones first. */
  scale(count: number): Promise<void> {
    return this.#inTurn(() => this.#resize(count));
  }

  /** Drains, ends and starts one worker, or each in turn; resolves when they serve again, those that were drained too. */
  restart(id: string | undefined): Promise<void> {
    return this.#inTurn(async () => {
      for (const { runner, bridge } of id === undefined ? this.#set.members : [this.#set.get(id)]) {
        await stopWorker(runner, bridge, this.#rollParts());
        if (this.#isEnding) return;
        runner.undrain();
        runner.start();
        const state = await runner.until("ready", "quarantined", "exited");
        if (state !== "ready")
          throw new SupervisorError("refused", `worker ${runner.id} did not come back: ${reasonOf(runner)}`);
      }
    });
  }

  /** Replaces one worker by a new one of its kind, without a pause where memory allows. */
  replace(id: string): Promise<void> {
    return this.#inTurn(async () => {
      const old = this.#set.get(id);
      const result = await replaceMember(old, old, this.#rollParts());
      if (!result.isDone) throw new SupervisorError("refused", `worker ${id} could not be replaced: ${result.reason}`);
    });
  }

  /** Applies settings that need no new worker. */
  applySettings(settings: Settings): void {
    this.#settings = settings;
  }

  /**
   * Brings the workers to a new recipe and number, one by one. When one fails, those before it go back to the old recipe
   * and everything is as it was.
   * @throws SupervisorError `refused` with the reason
   */
  roll(recipe: Recipe, layout: Layout, count: number): Promise<void> {
    return this.#inTurn(async () => {
      const target = (index: number) => recipeText(recipe, placeOf(layout, index));
      const members = this.#set.members.map((member) => ({
        ...member,
        recipe: recipeText(member.recipe, member.place),
      }));
      const plan = planRoll(members, count, target);
      await this.#replaceAll(
        plan.replace.map((id) => this.#set.get(id)),
        recipe,
        layout,
      );
      this.#recipe = recipe;
      this.#layout = layout;
      await this.#resize(count);
      for (const { runner } of this.#set.members) if (runner.state === "quarantined") runner.start();
    });
  }

  /** Resolves when the worker's last request has ended. */
  async drain(id: string): Promise<void> {
    const { runner, bridge } = this.#set.get(id);
    runner.drain();
    if (!runner.isDrained) throw notNow(runner, "drained");
    await bridge.drained();
  }

  undrain(id: string): void {
    const { runner } = this.#set.get(id);
    const { isDrained } = runner;
    runner.undrain();
    // A drained one whose process is just coming back will serve as soon as it is there.
    if (runner.state !== "ready" && !isDrained) throw notNow(runner, "put back to work");
  }

  /** Unloads every worker until {@link wake}, if that is still wanted when its turn comes: a request may have come first. */
  sleep(isWanted: () => boolean): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isEnding || !isWanted()) return;
      this.#isAsleep = true;
      await Promise.all(this.#set.members.map(({ runner, bridge }) => stopWorker(runner, bridge, this.#rollParts())));
    });
  }

  wake(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#isAsleep || this.#isEnding) return;
      this.#isAsleep = false;
      for (const { runner } of this.#set.members) runner.start();
    });
  }

  /** Ends every worker; resolves when no process is left. Requests should have ended before. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    this.#stopTicking?.();
    const { everyone } = this.#set;
    for (const { runner } of everyone) runner.stop();
    await Promise.all(everyone.map(({ runner }) => runner.until("exited")));
  }

  /** Kills every worker at once, for a second signal. */
  killAll(): void {
    this.#isEnding = true;
    for (const { runner } of this.#set.everyone) runner.killNow();
  }

  #add(index: number): void {
    const place = placeOf(this.#layout, index);
    const { runner } = this.#set.create({ index, place, recipe: this.#recipe });
    if (!this.#isEnding) runner.start();
  }

  async #resize(count: number): Promise<void> {
    for (let index = 1; index <= count; index += 1) if (!this.#set.has(index)) this.#add(index);
    const surplus = this.#set.members.filter(({ index }) => index > count);
    await Promise.all(
      surplus.map(async (member) => {
        await stopWorker(member.runner, member.bridge, this.#rollParts());
        this.#set.dispose(member);
      }),
    );
  }

  async #replaceAll(members: readonly Member[], recipe: Recipe, layout: Layout): Promise<void> {
    const done: Member[] = [];
    for (const old of members) {
      const result = await replaceMember(old, { recipe, place: placeOf(layout, old.index) }, this.#rollParts());
      if (result.isDone) {
        done.push(old);
        continue;
      }
      if (this.#isEnding) throw new SupervisorError("refused", "drover is ending");
      const failure = `worker ${old.id} failed with the new configuration: ${result.reason}`;
      this.#parts.logger.error({ worker: old.id }, `${failure}; going back`);
      for (const before of done) await replaceMember(this.#set.get(before.id), before, this.#rollParts());
      throw new SupervisorError("refused", `${failure}. Everything is as it was.`);
    }
  }

  #onChange(member: Member, change: WorkerChange): void {
    const { logger, onChange } = this.#parts;
    const { worker, from, to, event, reason } = change;
    const isBad = (event === "crashed" || event === "gave-up" || event === "hung") && !this.#isEnding;
    const why = isBad && reason !== undefined ? ` (${reason})` : "";
    const fields = { worker, from, to, event, ...(why === "" ? {} : { reason }) };
    logger[isBad ? "warn" : "info"](fields, `${from} -> ${to}${why}`);
    onChange(change);
    const { members } = this.#set;
    if (to === "ready" && members.includes(member)) this.#firstReady.open();
    if (members.every(({ runner }) => runner.state === "quarantined" && !runner.wasReady)) {
      const reasons = [...new Set(members.map(({ runner }) => reasonOf(runner)))].join("; ");
      this.#firstReady.fail(new SupervisorError("nothing_served", `every worker failed to start: ${reasons}`));
    }
  }

  #tick(): void {
    const now = this.#parts.clock.monotonicMs();
    const late = now - this.#lastTick - TICK_MS;
    this.#lastTick = now;
    // If the supervisor itself stood still, what the workers said meanwhile is not read yet.
    const missedMs = late > TICK_MS ? late : 0;
    for (const { runner } of this.#set.everyone) runner.checkLiveness(missedMs);
  }

  #rollParts(): RollParts {
    const { clock, askCanary, fitsBeside } = this.#parts;
    const { drainTimeout, startTimeout } = this.#settings.supervision;
    return {
      set: this.#set,
      clock,
      askCanary,
      fitsBeside,
      isEnding: () => this.#isEnding,
      drainTimeoutMs: drainTimeout,
      canaryTimeoutMs: startTimeout,
    };
  }
}

function placeOf(layout: Layout, index: number): WorkerPlace {
  return layout.places[(index - 1) % layout.places.length] ?? { cpus: [], threads: 1 };
}

function reasonOf(runner: WorkerRunner): string {
  return runner.lastReason ?? "unknown";
}

function notNow(runner: WorkerRunner, what: string): SupervisorError {
  return new SupervisorError("refused", `worker ${runner.id} is ${runner.state} and can't be ${what}`);
}
