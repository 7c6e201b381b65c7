import type { WorkerMessage } from "@drover/worker/protocol";
import type { Clock } from "@drover/foundation/clock";
import type { LivenessLimits } from "./liveness.ts";
import { judgeExit, NO_RESTARTS, type RestartHistory, type RestartLimits } from "./restart-policy.ts";
import type { ProcessEnd, SpawnWorker, WorkerLaunch } from "./spawn-worker.ts";
import { type ReadyWord, WorkerRun } from "./worker-run.ts";
import { transition, type WorkerEffect, type WorkerEvent, type WorkerState } from "./worker-transitions.ts";

export interface RunnerLimits extends RestartLimits, LivenessLimits {
  readonly startTimeout: number;
  readonly grace: number;
}

/** One change of a worker's state. */
export interface WorkerChange {
  readonly worker: string;
  readonly from: WorkerState;
  readonly to: WorkerState;
  readonly event: WorkerEvent;
  /** Why, where somebody knows: the worker's own words, an exit code, a signal. */
  readonly reason: string | undefined;
}

/** What a runner needs of its surroundings. */
export interface RunnerParts {
  readonly id: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly spawn: SpawnWorker;
  /** Asked anew for each start, so that a stolen port or a new setting counts. */
  readonly launch: () => Promise<WorkerLaunch>;
  /** Asked at each use: a reload may change them. */
  readonly limits: () => RunnerLimits;
  readonly traffic: {
    readonly open: (word: ReadyWord, launch: WorkerLaunch) => void;
    readonly close: () => void;
    /** Requests that the balancer has on it. */
    readonly active: () => number;
  };
  readonly onChange: (change: WorkerChange) => void;
  readonly onLine: (line: string) => void;
  /** The share of the model that is loaded, 0 to 1. */
  readonly onProgress: (progress: number) => void;
  /** Explains an end by signal, such as that the kernel ran out of memory; undefined: nothing more is known. */
  readonly explainEnd?: (end: ProcessEnd) => string | undefined;
  /** What the worker that this one replaces has counted. @default 0 */
  readonly earlierRestarts?: number;
}

/**
 * One worker: its state, and the only place where the effects of worker-transitions.ts are performed. Events come in by
 * {@link start}, {@link stop} and the like, from the process, and from timers; each is taken whole before the next.
 */
export class WorkerRunner {
  readonly id: string;
  readonly #parts: RunnerParts;
  #state: WorkerState = "exited";
  #isWanted = false;
  #isDrained = false;
  /** Its present process; undefined while there is none. */
  #run: WorkerRun | undefined;
  #launch: WorkerLaunch | undefined;
  #lastReason: string | undefined;
  #history: RestartHistory = NO_RESTARTS;
  #backoffMs = 0;
  #starts = 0;
  #wasReady = false;
  #disarm: (() => void) | undefined;
  readonly #waiters = new Set<() => void>();

  constructor(parts: RunnerParts) {
    this.id = parts.id;
    this.#parts = parts;
  }

  get state(): WorkerState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#run?.pid;
  }

  get launch(): WorkerLaunch | undefined {
    return this.#launch;
  }

  /** Its own words when it became ready; undefined while it is not up. */
  get word(): ReadyWord | undefined {
    return this.#run?.word;
  }

  get busySlots(): number {
    return this.#run?.busySlots ?? 0;
  }

  /** Starts after the first one, wanted or not. */
  get restarts(): number {
    return (this.#parts.earlierRestarts ?? 0) + Math.max(0, this.#starts - 1);
  }

  /** When the present process was started. */
  get startedAt(): number | undefined {
    return this.#run?.startedAt;
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
    this.#history = NO_RESTARTS;
    this.#dispatch("start");
  }

  stop(): void {
    this.#isWanted = false;
    this.#dispatch("stop");
  }

  /** Takes no new request, and neither will its next process, until {@link undrain}. */
  drain(): void {
    this.finish();
    this.#isDrained ||= this.#state === "draining";
  }

  undrain(): void {
    this.#isDrained = false;
    this.#dispatch("undrain");
  }

  /** Takes no new request, because {@link stop} comes next. */
  finish(): void {
    this.#dispatch("drain");
  }

  /** Kills it as if it hung; it starts again. */
  replaceNow(reason: string): void {
    this.#dispatch("hung", reason);
  }

  /** Sends KILL without further ado and wants it to stay down. */
  killNow(): void {
    this.#isWanted = false;
    this.#run?.signal("SIGKILL");
  }

  /** Resolves once the state is one of `states`. */
  async until(...states: readonly WorkerState[]): Promise<WorkerState> {
    while (!states.includes(this.#state)) await new Promise<void>((resolve) => this.#waiters.add(resolve));
    return this.#state;
  }

  /** To be called each second. `missedMs`: time in which the supervisor itself did not run. */
  checkLiveness(missedMs: number): void {
    const reason = this.#run?.judge(this.#parts.clock.monotonicMs(), missedMs, this.#parts.limits());
    if (reason !== undefined) this.#dispatch("hung", reason);
  }

  #dispatch(event: WorkerEvent, reason?: string): void {
    const from = this.#state;
    const { state, effects } = transition(from, event);
    if (state === from && effects.length === 0) return;
    this.#state = state;
    if (reason !== undefined) this.#lastReason = reason;
    if (event === "hung") this.#run?.giveUp();
    for (const effect of effects) this.#perform(effect);
    this.#parts.onChange({ worker: this.id, from, to: state, event, reason });
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }

  #perform(effect: WorkerEffect): void {
    const { traffic, limits } = this.#parts;
    switch (effect) {
      case "spawn":
        void this.#spawn();
        return;
      case "open-traffic":
        if (this.word !== undefined && this.#launch !== undefined) traffic.open(this.word, this.#launch);
        return;
      case "close-traffic":
        traffic.close();
        return;
      case "ask-drain":
        this.#run?.send({ type: "drain" });
        return;
      case "ask-undrain":
        this.#run?.send({ type: "undrain" });
        return;
      case "shut-down":
        this.#run?.send({ type: "shutdown" });
        this.#run?.signal("SIGTERM");
        return;
      case "kill":
        this.#run?.kill();
        return;
      case "arm-start-timer":
        this.#arm(limits().startTimeout, "hung", `not ready within ${limits().startTimeout} ms`);
        return;
      case "arm-grace-timer":
        this.#arm(limits().grace, "grace-over", `still there ${limits().grace} ms after it was asked to end`);
        return;
      case "arm-backoff-timer":
        this.#arm(this.#backoffMs, "backoff-over");
        return;
      case "disarm-timer":
        this.#disarm?.();
        this.#disarm = undefined;
    }
  }

  #arm(delayMs: number, event: WorkerEvent, reason?: string): void {
    this.#disarm?.();
    this.#disarm = this.#parts.clock.after(delayMs, () => this.#dispatch(event, reason));
  }

  async #spawn(): Promise<void> {
    this.#starts += 1;
    const run = new WorkerRun(this.#parts.clock.monotonicMs());
    this.#run = run;
    try {
      this.#launch = await this.#parts.launch();
      // Somebody stopped it while a port was looked for: there is nothing to end.
      if (this.#state !== "starting") return this.#onEnd(run, { exitCode: 0, signal: undefined, reason: undefined });
      const process = this.#parts.spawn(this.#launch, {
        onMessage: (message) => this.#onMessage(run, message),
        onLine: this.#parts.onLine,
      });
      run.has(process);
      this.#onEnd(run, await process.ended);
    } catch (error) {
      this.#onEnd(run, { exitCode: undefined, signal: undefined, reason: (error as Error).message });
    }
  }

  #onMessage(run: WorkerRun, message: WorkerMessage): void {
    const { clock, traffic, onProgress } = this.#parts;
    // Messages may be read after the end of the process that sent them.
    if (run !== this.#run) return;
    run.hear(message, clock.monotonicMs(), traffic.active());
    if (message.type === "loading") {
      // Ready is more than loaded: the first token comes after it.
      onProgress(Math.min(message.progress, 0.99));
      this.#dispatch("loading");
    } else if (message.type === "ready") {
      this.#wasReady = true;
      onProgress(1);
      this.#dispatch(this.#isDrained ? "ready-drained" : "ready");
    }
  }

  #onEnd(run: WorkerRun, end: ProcessEnd): void {
    const { clock, random, limits, explainEnd } = this.#parts;
    const reason = run.describe(end, explainEnd?.(end));
    const isHopeless = !this.#wasReady && run.isHopeless;
    const exit = { now: clock.monotonicMs(), readySince: run.readySince, isWanted: this.#isWanted, isHopeless };
    const verdict = judgeExit(this.#history, exit, limits(), random);
    if (verdict.event !== "exited") this.#history = verdict.history;
    if (verdict.event === "crashed") this.#backoffMs = verdict.delayMs;
    this.#run = undefined;
    this.#dispatch(verdict.event, reason);
  }
}
