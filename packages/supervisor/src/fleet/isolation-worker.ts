import { ISOLATION_INDEX } from "../worker/worker-index.ts";
import type { Worker } from "../worker/worker.ts";
import type { NextGeneration, ReplaceParts } from "./replace-worker.ts";

export interface IsolationParts extends ReplaceParts {
  /** What a further worker is made of. */
  readonly next: NextGeneration;
  /** The workers of everybody. */
  readonly workers: readonly Worker[];
  readonly isAsleep: boolean;
}

/**
 * The worker that requests which may crash one have for themselves (the balancer says which and when). It exists only while there are some, and
 * where memory does not hold it they share the workers of everybody.
 */
export class IsolationWorker {
  readonly #parts: () => IsolationParts;
  #worker: Worker | undefined;
  /** Of the one before. */
  #ending: Promise<void> | undefined;
  /** Whether there is to be one as soon as that is possible. */
  #isWanted = false;
  #isSuspended = false;

  /** @param parts asked at each use, for the fleet as it is then */
  constructor(parts: () => IsolationParts) {
    this.#parts = parts;
  }

  /** None or one. */
  get workers(): readonly Worker[] {
    return this.#worker === undefined ? [] : [this.#worker];
  }

  /** From now on isolated requests wait for it. */
  want(): void {
    this.#isWanted = true;
    this.#create();
  }

  /** Resolves when its process is gone. */
  async end(): Promise<void> {
    this.#isWanted = false;
    await this.#end();
  }

  /** For work during which there is to be none, and behind which it is what a further worker is by then. */
  async without(work: () => Promise<void>): Promise<void> {
    this.#isSuspended = true;
    try {
      await this.#end();
      await work();
    } finally {
      this.#isSuspended = false;
      if (this.#isWanted) this.#create();
    }
  }

  #create(): void {
    // Both would have the same name in the balancer, and the end of the one before would take it from the next.
    if (this.#ending !== undefined) {
      void this.#ending.then(() => this.#create());
      return;
    }
    const { create, logger, next } = this.#parts();
    if (this.#worker !== undefined || !this.#isWanted || this.#isSuspended || this.#isResting) return;
    this.#worker = create({ index: ISOLATION_INDEX, ...next });
    logger.warn(
      { worker: this.#worker.id },
      "requests have crashed two workers: those that were in the crashes, and all of a client with some in both, get a worker of their own until none has crashed for ten minutes",
    );
    void this.#start(this.#worker);
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    if (worker !== undefined) {
      this.#worker = undefined;
      this.#ending = this.#finish(worker).finally(() => (this.#ending = undefined));
    }
    await this.#ending;
  }

  async #finish(worker: Worker): Promise<void> {
    const { dispose, drainTimeoutMs } = this.#parts();
    await worker.finish(drainTimeoutMs);
    dispose(worker);
  }

  get #isResting(): boolean {
    const { isEnding, isAsleep } = this.#parts();
    return isEnding() || isAsleep;
  }

  /** It needs as much memory as another worker holds, which can be seen once that serves. */
  async #start(worker: Worker): Promise<void> {
    const { fitsBeside, dispose, logger, workers: everybodys } = this.#parts();
    const other = everybodys.find(({ state }) => state === "ready") ?? everybodys[0];
    const state = await other?.until("ready", "quarantined", "exited");
    // Somebody may have ended it meanwhile.
    if (this.#worker !== worker) return;
    if (other !== undefined && state === "ready" && !this.#isResting && fitsBeside(other)) {
      worker.start();
      return;
    }
    this.#worker = undefined;
    dispose(worker);
    logger.warn("memory does not hold a worker for requests that crash workers: they share those of all");
  }
}
