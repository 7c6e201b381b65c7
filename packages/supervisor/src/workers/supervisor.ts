import type { Settings } from "@drover/config";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { SupervisorError } from "../errors.ts";
import type { Layout, WorkerPlace } from "../placement/layout.ts";
import { createGate } from "../gate.ts";
import { findFreePort } from "./free-port.ts";
import { memberStatus, type Member } from "./member.ts";
import type { SpawnWorker } from "./spawn-worker.ts";
import { stopWorker } from "./stop-worker.ts";
import { type TrafficPort, UpstreamBridge } from "./upstream-bridge.ts";
import { sampleUsage } from "./usage.ts";
import { forwardLine } from "./worker-output.ts";
import { type ServedModel, workerLaunch } from "./worker-launch.ts";
import { type WorkerChange, WorkerRunner } from "./worker-runner.ts";
import type { SupervisorStatus } from "./worker-status.ts";

export interface SupervisorParts {
  readonly settings: Settings;
  readonly model: ServedModel;
  /** One place for each worker; workers beyond it share places. */
  readonly layout: Layout;
  readonly balancer: TrafficPort;
  readonly spawn: SpawnWorker;
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
  readonly #members = new Map<string, Member>();
  readonly #ports = new Map<string, number>();
  readonly #firstReady = createGate<void>();
  #settings: Settings;
  #model: ServedModel;
  #lastTick: number;
  #stopTicking = () => {};
  #isEnding = false;
  #turn: Promise<unknown> = Promise.resolve();
  #portTurn: Promise<unknown> = Promise.resolve();

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#settings = parts.settings;
    this.#model = parts.model;
    this.#lastTick = parts.clock.now();
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

  get workerCount(): number {
    return this.#members.size;
  }

  /** Starts `count` workers side by side. */
  start(count: number): void {
    this.#stopTicking = this.#parts.clock.every(TICK_MS, () => this.#tick());
    for (let index = 1; index <= count; index += 1) this.#add(index).runner.start();
  }

  async status(): Promise<SupervisorStatus> {
    const members = [...this.#members.values()];
    const pids = members.flatMap(({ runner }) => (runner.pid === undefined ? [] : [runner.pid]));
    const usage = await sampleUsage(pids);
    const now = this.#parts.clock.now();
    return { workers: members.map((member) => memberStatus(member, usage.get(member.runner.pid ?? -1), now)) };
  }

  /** Resolves when the workers are `count`; those that go are drained first, the last ones first. */
  scale(count: number): Promise<void> {
    return this.#inTurn(async () => {
      const surplus = [...this.#members.values()].filter(({ index }) => index > count);
      for (let index = 1; index <= count; index += 1) {
        if (!this.#members.has(String(index))) this.#add(index).runner.start();
      }
      await Promise.all(surplus.map((member) => this.#remove(member)));
    });
  }

  /** Drains, ends and starts one worker, or each in turn; resolves when they serve again. */
  restart(id: string | undefined): Promise<void> {
    return this.#inTurn(async () => {
      const members = id === undefined ? [...this.#members.values()] : [this.#member(id)];
      for (const { runner, bridge } of members) {
        await stopWorker(runner, bridge, this.#stopParts());
        runner.start();
        await runner.until("ready", "quarantined");
        if (runner.state === "quarantined") {
          throw new SupervisorError("refused", `worker ${runner.id} did not come back: ${runner.lastReason ?? ""}`);
        }
      }
    });
  }

  /** Resolves when the worker's last request has ended. */
  async drain(id: string): Promise<void> {
    const { runner, bridge } = this.#member(id);
    runner.drain();
    if (runner.state !== "draining") throw notNow(runner, "drained");
    await bridge.drained();
  }

  undrain(id: string): void {
    const { runner } = this.#member(id);
    runner.undrain();
    if (runner.state !== "ready") throw notNow(runner, "put back to work");
  }

  /** Ends every worker; resolves when no process is left. Requests should have ended before. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    this.#stopTicking();
    const members = [...this.#members.values()];
    for (const { runner } of members) runner.stop();
    await Promise.all(members.map(({ runner }) => runner.until("exited")));
  }

  /** Kills every worker at once, for a second signal. */
  killAll(): void {
    this.#isEnding = true;
    for (const { runner } of this.#members.values()) runner.killNow();
  }

  #add(index: number): Member {
    const id = String(index);
    const { layout, balancer, clock, random, spawn, logger, onProgress } = this.#parts;
    const place = layout.places[(index - 1) % layout.places.length] ?? { cpus: [], threads: 1 };
    const bridge = new UpstreamBridge(balancer, id);
    const output = logger.child({ worker: id });
    const runner = new WorkerRunner({
      id,
      clock,
      random,
      spawn,
      launch: () => this.#launch(id, index, place),
      limits: () => this.#settings.supervision,
      traffic: {
        open: ({ port, slots }, { secret }) => bridge.open({ port, slots, secret }),
        close: () => bridge.close(),
        active: () => bridge.active,
      },
      onChange: (change) => this.#onChange(change),
      onLine: (line) => forwardLine(output, line),
      onProgress: (progress) => onProgress(id, progress),
    });
    const member: Member = { id, index, place, runner, bridge };
    this.#members.set(id, member);
    return member;
  }

  async #remove(member: Member): Promise<void> {
    await stopWorker(member.runner, member.bridge, this.#stopParts());
    member.bridge.remove();
    this.#members.delete(member.id);
    this.#ports.delete(member.id);
  }

  async #launch(id: string, index: number, place: WorkerPlace) {
    const port = await this.#pickPort(id);
    return workerLaunch(this.#settings, this.#model, place, { port, index });
  }

  /** One after the other, so that two workers that start together do not find the same port. */
  #pickPort(id: string): Promise<number> {
    const picking = this.#portTurn.then(async () => {
      const others = new Set([...this.#ports].filter(([other]) => other !== id).map(([, port]) => port));
      const wanted = this.#ports.get(id) ?? this.#settings.workers.firstPort;
      const { port, taken } = await findFreePort(wanted, others);
      if (taken.length > 0) {
        this.#parts.logger.warn({ worker: id, port, taken }, `port ${taken.join(", ")} is in use; taking ${port}`);
      }
      this.#ports.set(id, port);
      return port;
    });
    this.#portTurn = picking.catch(() => {});
    return picking;
  }

  #onChange(change: WorkerChange): void {
    const { logger, onChange } = this.#parts;
    const { worker, from, to, event, reason } = change;
    const isBad = (event === "crashed" || event === "gave-up" || event === "hung") && !this.#isEnding;
    const why = isBad && reason !== undefined ? ` (${reason})` : "";
    logger[isBad ? "warn" : "info"](
      { worker, from, to, event, ...(why === "" ? {} : { reason }) },
      `${from} -> ${to}${why}`,
    );
    onChange(change);
    if (to === "ready") this.#firstReady.open();
    const members = [...this.#members.values()];
    if (members.every(({ runner }) => runner.state === "quarantined" && !runner.wasReady)) {
      const reasons = [...new Set(members.map(({ runner }) => runner.lastReason ?? "unknown"))].join("; ");
      this.#firstReady.fail(new SupervisorError("nothing_served", `every worker failed to start: ${reasons}`));
    }
  }

  #tick(): void {
    const now = this.#parts.clock.now();
    const late = now - this.#lastTick - TICK_MS;
    this.#lastTick = now;
    // If the supervisor itself stood still, what the workers said meanwhile is not read yet.
    const missedMs = late > TICK_MS ? late : 0;
    for (const { runner } of this.#members.values()) runner.checkLiveness(missedMs);
  }

  #member(id: string): Member {
    const member = this.#members.get(id);
    if (member !== undefined) return member;
    const ids = [...this.#members.keys()].join(", ");
    throw new SupervisorError("refused", `there is no worker "${id}"; there are ${ids}`);
  }

  #stopParts() {
    return { clock: this.#parts.clock, drainTimeoutMs: this.#settings.supervision.drainTimeout };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}

function notNow(runner: WorkerRunner, what: string): SupervisorError {
  return new SupervisorError("refused", `worker ${runner.id} is ${runner.state} and can't be ${what}`);
}
