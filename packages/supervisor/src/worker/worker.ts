import type { Settings } from "@drover/config";
import type { WorkerMessage } from "@drover/contract/ipc";
import type { Clock } from "@drover/foundation/clock";
import type { WorkerPlacement } from "../placement/layout.ts";
import type { WorkerLaunch } from "../process/launch.ts";
import { lacksResources } from "../process/lacks-resources.ts";
import type { ProcessEnd } from "../process/spawned-process.ts";
import type { SpawnWorker } from "../process/spawn.ts";
import { endedBy, Restarts } from "./restarts.ts";
import type { LivenessLimits } from "./liveness.ts";
import type { Recipe } from "./recipe.ts";
import type { RestartLimits } from "./restart-policy.ts";
import { type BalancerPort, Traffic } from "./traffic.ts";
import { transition, type WorkerEffect, type WorkerEvent, type WorkerState } from "./transitions.ts";
import type { LoadProgress, WorkerChange } from "./worker-change.ts";
import { ISOLATION_INDEX, workerId } from "./worker-index.ts";
import { WorkerProcess } from "./worker-process.ts";

type WorkerLimits = RestartLimits & LivenessLimits & Pick<Settings["supervision"], "startTimeout" | "grace">;

export interface WorkerSpec {
  /** From 1; 0 is the worker for isolated senders. */
  readonly index: number;
  readonly placement: WorkerPlacement;
  readonly recipe: Recipe;
  /** It takes over from this one, and has no traffic before its {@link Traffic.release}. */
  readonly replaces?: Worker;
}

/** What a worker needs of its surroundings. */
export interface WorkerParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly balancer: BalancerPort;
  readonly spawn: SpawnWorker;
  /** Asked anew for each start, so that a stolen port or a new setting counts. */
  readonly launch: (worker: Worker) => Promise<WorkerLaunch>;
  /** Asked at each use: a reload may change them. */
  readonly limits: () => WorkerLimits;
  readonly onChange: (worker: Worker, change: WorkerChange) => void;
  readonly onLine: (worker: Worker, line: string) => void;
  /** What its present process said, after it was taken notice of. */
  readonly onHeard: (worker: Worker, message: WorkerMessage) => void;
  readonly onProgress: (worker: Worker, progress: LoadProgress) => void;
  /** Explains an end by signal, such as that the kernel ran out of memory; undefined: nothing more is known. */
  readonly explainEnd: (end: ProcessEnd) => string | undefined;
}

/**
 * One worker: its state, its process, its traffic. Only here the effects of transitions.ts are
 * performed. Events come in by {@link start}, {@link stop} and the like, from the process, and from timers; each is
 * handled completely before the next.
 */
export class Worker {
  readonly id: string;
  readonly index: number;
  readonly placement: WorkerPlacement;
  readonly recipe: Recipe;
  readonly traffic: Traffic;
  readonly #parts: WorkerParts;
  readonly #restarts: Restarts;
  #state: WorkerState = "exited";
  #isWanted = false;
  #isDrained = false;
  /** undefined while there is none. */
  #process: WorkerProcess | undefined;
  /** The process that was found to hang. */
  #hung: WorkerProcess | undefined;
  #launch: WorkerLaunch | undefined;
  #lastReason: string | undefined;
  #wasReady = false;
  #disarm: (() => void) | undefined;
  readonly #waiters = new Set<() => void>();

  constructor({ index, placement, recipe, replaces }: WorkerSpec, parts: WorkerParts) {
    this.id = workerId(index);
    this.index = index;
    this.placement = placement;
    this.recipe = recipe;
    this.#parts = parts;
    this.#restarts = new Restarts(replaces?.restarts.counts);
    const upstreamId = replaces?.traffic.id === this.id ? `${this.id}b` : this.id;
    this.traffic = new Traffic(parts.balancer, upstreamId, {
      worker: this.id,
      isHeld: replaces !== undefined,
      isIsolation: index === ISOLATION_INDEX,
      earlierRequests: replaces?.traffic.requests ?? 0,
    });
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Its present process; undefined while there is none. */
  get process(): WorkerProcess | undefined {
    return this.#process;
  }

  /** What its last process was started from. */
  get launch(): WorkerLaunch | undefined {
    return this.#launch;
  }

  /** Starts because it had crashed or hung; those that somebody wanted, and wakes, do not count. */
  get restarts(): Pick<Restarts, "sum" | "counts"> {
    return this.#restarts;
  }

  /** Whether it ever served. */
  get wasReady(): boolean {
    return this.#wasReady;
  }

  /** Whether somebody drained it and did not take that back. It outlives the process. */
  get isDrained(): boolean {
    return this.#isDrained;
  }

  get lastReason(): string | undefined {
    return this.#lastReason;
  }

  /** Wants it to run. Clears the past, so that a quarantined worker has all its tries again. */
  start(): void {
    this.#isWanted = true;
    this.#restarts.forgive();
    this.#dispatch("start");
  }

  stop(): void {
    this.#isWanted = false;
    this.#dispatch("stop");
  }

  /** Takes no new request, and neither will its next process, until {@link undrain}. */
  drain(): void {
    this.#dispatch("drain");
    this.#isDrained ||= this.#state === "draining";
  }

  undrain(): void {
    this.#isDrained = false;
    this.#dispatch("undrain");
  }

  /**
   * Drains it for at most `drainTimeoutMs`, then ends it; resolves when its process is gone. What still runs after that
   * time breaks off.
   */
  async finish(drainTimeoutMs: number): Promise<void> {
    this.#dispatch("drain");
    if (this.#state === "draining") await this.traffic.drainedWithin(drainTimeoutMs, this.#parts.clock);
    this.stop();
    await this.until("exited");
  }

  /** Sends KILL without further ado and wants it to stay down. */
  killNow(): void {
    this.#isWanted = false;
    this.#process?.signal("SIGKILL");
  }

  /** Resolves once the state is one of `states`. */
  async until(...states: readonly WorkerState[]): Promise<WorkerState> {
    while (!states.includes(this.#state)) await new Promise<void>((resolve) => this.#waiters.add(resolve));
    return this.#state;
  }

  /** To be called each second. `missedMs`: time in which the supervisor itself did not run. */
  checkLiveness(missedMs: number): void {
    const reason = this.#process?.judge(this.#parts.clock.monotonicMs(), missedMs, this.#parts.limits());
    if (reason === undefined) return;
    this.#hung = this.#process;
    this.#dispatch("hung", reason);
  }

  #dispatch(event: WorkerEvent, reason?: string): void {
    const from = this.#state;
    const { state, effects } = transition(from, event);
    if (state === from && effects.length === 0) return;
    this.#state = state;
    if (reason !== undefined) this.#lastReason = reason;
    if (event === "backoff-over") this.#restarts.count();
    if (event === "hung") this.#process?.giveUp();
    for (const effect of effects) this.#perform(effect);
    this.traffic.expect(state !== "quarantined");
    this.#parts.onChange(this, { worker: this.id, from, to: state, event, reason });
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }

  #perform(effect: WorkerEffect): void {
    const limits = this.#parts.limits();
    switch (effect) {
      case "spawn":
        void this.#spawn();
        return;
      case "open-traffic":
        this.#openTraffic();
        return;
      case "close-traffic":
        this.traffic.close();
        return;
      case "shut-down":
        this.#process?.send({ type: "shutdown" });
        this.#process?.signal("SIGTERM");
        return;
      case "kill":
        this.#process?.kill();
        return;
      case "arm-start-timer":
        this.#arm(limits.startTimeout, "hung", `not ready within ${limits.startTimeout} ms`);
        return;
      case "arm-grace-timer":
        this.#arm(limits.grace, "grace-over", `still there ${limits.grace} ms after it was asked to end`);
        return;
      case "arm-backoff-timer":
        if (this.#restarts.backoffMs !== undefined) this.#arm(this.#restarts.backoffMs, "backoff-over");
        else this.#disarm?.();
        return;
      case "disarm-timer":
        this.#disarm?.();
    }
  }

  #openTraffic(): void {
    const message = this.#process?.readyMessage;
    if (message === undefined || this.#launch === undefined) return;
    const { port, slots } = message;
    const { secret, options, command } = this.#launch;
    const sharesState = options.snapshots !== undefined;
    this.traffic.open({ port, slots, secret, sharesState, reports: command === undefined });
  }

  #arm(delayMs: number, event: WorkerEvent, reason?: string): void {
    this.#disarm?.();
    this.#disarm = this.#parts.clock.after(delayMs, () => this.#dispatch(event, reason));
  }

  async #spawn(): Promise<void> {
    const process = new WorkerProcess(this.#parts.clock.monotonicMs());
    this.#process = process;
    this.#onEnd(process, await this.#run(process));
  }

  /** Resolves with the end of the process, also where it could not be started. */
  async #run(process: WorkerProcess): Promise<ProcessEnd> {
    try {
      this.#launch = await this.#parts.launch(this);
      // Somebody stopped it while a port was looked for: there is nothing to end.
      if (this.#state !== "starting") return { exitCode: 0, signal: undefined, reason: undefined };
      const spawned = this.#parts.spawn(this.#launch, {
        onMessage: (message) => this.#onMessage(process, message),
        onLine: (line) => this.#parts.onLine(this, line),
        activity: () => this.traffic.activity,
      });
      process.attach(spawned);
      return await spawned.ended;
    } catch (error) {
      const { message: reason } = error as Error;
      return { exitCode: undefined, signal: undefined, reason, isStarved: lacksResources(error) };
    }
  }

  #onMessage(process: WorkerProcess, message: WorkerMessage): void {
    const { clock, onProgress } = this.#parts;
    // Messages may be read after the end of the process that sent them.
    if (process !== this.#process) return;
    process.hear(message, clock.monotonicMs(), this.traffic.active);
    this.#parts.onHeard(this, message);
    if (message.type === "loading") {
      onProgress(this, { share: message.progress, isReady: false });
      this.#dispatch("loading");
    } else if (message.type === "ready" && process.readyMessage !== undefined) {
      this.#wasReady = true;
      onProgress(this, { share: 1, isReady: true });
      this.#dispatch(this.#isDrained ? "ready-drained" : "ready");
    }
  }

  #onEnd(process: WorkerProcess, end: ProcessEnd): void {
    const { clock, random, limits, explainEnd } = this.#parts;
    const reason = process.describe(end, explainEnd(end));
    const cause = endedBy(end.signal, process === this.#hung);
    const isHopeless = !this.#wasReady && process.isHopeless;
    const exit = {
      now: clock.monotonicMs(),
      readySince: process.readySince,
      isWanted: this.#isWanted,
      isHopeless,
      isStarved: end.isStarved === true,
      isOfSuspect: this.#isWanted && this.traffic.died(cause === "killed" ? "killed" : "crashed"),
      othersServe: this.traffic.othersServe,
    };
    const event = this.#restarts.judge(cause, exit, limits(), random);
    this.#process = undefined;
    this.#dispatch(event, reason);
  }
}
