import type { Clock } from "@drover/foundation/clock";
import type { CpuNeed, LeaseOrder, WorkerMessage } from "@drover/contract/ipc";
import { type Computing, TurnShares } from "./turn-shares.ts";

/** Whoever computes waits for its turn and for CPUs, and ends its turn between two decodes. */
export interface ComputingTurns {
  /** CPUs held now; 0: none. */
  readonly threads: number;
  /** Resolves once nothing else of this worker computes and it holds a CPU. Calling what it resolves with ends the turn. */
  begin(): Promise<() => void>;
}

export interface CpuLeaseParts {
  /** Tells the supervisor; undefined: the CPUs are the worker's own for ever. */
  readonly tell?: ((message: WorkerMessage) => void) | undefined;
  /** Threads before the first order; a worker that waits for leases has none. */
  readonly threads: number;
  /** The engine computes with this many threads from now on; called between two decodes only, and never with 0. */
  readonly apply: (threads: number) => void;
  readonly clock: Pick<Clock, "after" | "monotonicMs">;
}

/**
 * A worker that had something to compute keeps its CPUs for this long: the next request of a conversation, or the next
 * part of a prompt, should not have to ask for them again.
 */
const LINGER_MS = 100;

/**
 * The CPUs that this worker computes on, as the supervisor leases them. Two computing threads on one CPU wait for each
 * other at every barrier of llama.cpp, so an order takes effect between two decodes and is confirmed then: only after
 * that does the supervisor lease the CPUs to another worker. Everything that computes (batch loop, embeddings,
 * measuring) takes turns here, since their threads would meet on the same CPUs as well; texts to embed and the rest have the same time.
 */
export class CpuLease implements ComputingTurns {
  readonly #parts: CpuLeaseParts;
  #threads: number;
  #pending: LeaseOrder | undefined;
  #computing: Computing | undefined;
  readonly #waiting: Readonly<Record<Computing, ((end: () => void) => void)[]>> = { steps: [], embeddings: [] };
  readonly #shares = new TurnShares();
  /** What the supervisor was last told. A process that starts counts as loading until it says something else. */
  #told: CpuNeed = "loading";
  #measuring = 0;
  #disarm: (() => void) | undefined;
  #turns = 0;

  constructor(parts: CpuLeaseParts) {
    this.#parts = parts;
    this.#threads = parts.threads;
  }

  /** CPUs held now; 0: none. */
  get threads(): number {
    return this.#threads;
  }

  /** Whether nothing computes or waits to. */
  get isIdle(): boolean {
    return this.#computing === undefined && this.#waiting.steps.length + this.#waiting.embeddings.length === 0;
  }

  /** An order of the supervisor; only the latest counts. */
  order(order: LeaseOrder): void {
    this.#pending = order;
    this.#next();
  }

  /** Has it computed just now, or waits to? */
  wants(kind: Computing): boolean {
    return this.#shares.wants(kind);
  }

  begin(kind: Computing = "steps"): Promise<() => void> {
    return new Promise((resolve) => {
      this.#waiting[kind].push(resolve);
      this.#shares.want(kind);
      this.#tell(this.#measuring > 0 ? "all" : "share");
      this.#next();
    });
  }

  /** A turn for what can wait: undefined where something else computes, or there are fewer CPUs than `threads`. Asks the supervisor for nothing. */
  tryBegin(threads: number): (() => void) | undefined {
    if (!this.isIdle || this.#threads < threads) return undefined;
    return this.#turn("steps");
  }

  /** While `work` runs, the supervisor is asked for all CPUs, alone: its figures should be those of an undisturbed worker. */
  async measuring<T>(work: () => Promise<T>): Promise<T> {
    this.#measuring += 1;
    this.#tell("all");
    try {
      return await work();
    } finally {
      this.#measuring -= 1;
      this.#lingerUnlessBusy();
    }
  }

  #next(): void {
    if (this.#computing !== undefined) return;
    this.#obey();
    if (this.#threads === 0) return;
    const kind = this.#shares.next;
    if (kind === undefined) return;
    const first = this.#waiting[kind].shift();
    first?.(this.#turn(kind));
  }

  #turn(kind: Computing): () => void {
    this.#computing = kind;
    const turn = ++this.#turns;
    const sinceMs = this.#parts.clock.monotonicMs();
    return () => {
      if (turn !== this.#turns || this.#computing === undefined) return;
      this.#computing = undefined;
      this.#shares.had(kind, this.#parts.clock.monotonicMs() - sinceMs);
      this.#next();
      this.#lingerUnlessBusy();
      // Between two steps the batch loop is not in the line for a moment, and must not lose its share by it.
      setImmediate(() => this.#restUnlessWaiting(kind));
    };
  }

  #restUnlessWaiting(kind: Computing): void {
    if (this.#waiting[kind].length > 0 || this.#computing === kind) return;
    this.#shares.rest(kind);
    this.#next();
  }

  #obey(): void {
    const order = this.#pending;
    if (order === undefined) return;
    this.#pending = undefined;
    this.#threads = order.cpus.length;
    if (this.#threads > 0) this.#parts.apply(this.#threads);
    this.#parts.tell?.({ type: "leased", epoch: order.epoch });
  }

  /** One timer however many steps there are: it looks whether another one was made meanwhile. */
  #lingerUnlessBusy(): void {
    if (!this.isIdle || this.#disarm !== undefined || this.#parts.tell === undefined) return;
    const seen = this.#turns;
    this.#disarm = this.#parts.clock.after(LINGER_MS, () => {
      this.#disarm = undefined;
      if (!this.isIdle || this.#measuring > 0) return;
      if (seen === this.#turns) this.#tell("none");
      else this.#lingerUnlessBusy();
    });
  }

  #tell(need: CpuNeed): void {
    if (need === this.#told) return;
    this.#told = need;
    this.#parts.tell?.({ type: "cpus-needed", need });
  }
}
