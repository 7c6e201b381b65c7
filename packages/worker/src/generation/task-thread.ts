import { messageOf } from "@drover/foundation/error-text";
import { parentPort, type Worker } from "node:worker_threads";
import type { Clock } from "@drover/foundation/clock";
import { type Refusal, RequestError } from "../errors.ts";

interface Task {
  readonly id: number;
  /** JSON: to copy a text takes no time, and a value as long as it takes to parse it. */
  readonly task: string;
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly refused?: { readonly message: string; readonly refusal: Refusal };
  readonly failed?: string;
}

interface Waiting<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
  readonly stopClock: () => void;
}

/** Tasks are bounded and take a second at most; this limit is for a machine that is very busy. */
const PATIENCE_MS = 10_000;

/** A thread for what would hold up the loop, started when it is first needed. */
export class TaskThread<Result> {
  readonly #clock: Clock;
  readonly #start: () => Worker;
  readonly #lost: (why: string) => Error;
  readonly #waiting = new Map<number, Waiting<Result>>();
  #thread: Worker | undefined;
  #ids = 0;

  /** @param lost the error of tasks that the thread did not get done */
  constructor(clock: Clock, start: () => Worker, lost: (why: string) => Error) {
    this.#clock = clock;
    this.#start = start;
    this.#lost = lost;
  }

  /** @throws RequestError as the task does */
  run(task: string): Promise<Result> {
    return new Promise((resolve, reject) => {
      const stopClock = this.#clock.after(PATIENCE_MS, () => this.#giveUp("it took too long"));
      const id = this.#ids++;
      this.#waiting.set(id, { resolve, reject, stopClock });
      this.#thread ??= this.#begin();
      this.#thread.ref();
      this.#thread.postMessage({ id, task } satisfies Task);
    });
  }

  #begin(): Worker {
    const thread = this.#start();
    thread.on("message", (reply: Reply) => this.#onReply(reply));
    thread.on("error", (error) => this.#giveUp(messageOf(error)));
    return thread;
  }

  #onReply({ id, result, refused, failed }: Reply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#thread?.unref();
    waiting?.stopClock();
    if (refused !== undefined) waiting?.reject(new RequestError(refused.message, refused.refusal));
    else if (failed !== undefined) waiting?.reject(new Error(failed));
    else waiting?.resolve(result as Result);
  }

  /** The thread is lost with all that it had to do. */
  #giveUp(why: string): void {
    const thread = this.#thread;
    this.#thread = undefined;
    void thread?.terminate();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject, stopClock } of waiting) {
      stopClock();
      reject(this.#lost(why));
    }
  }
}

/** In the thread: does the tasks, one after the other. */
export function serveTasks(perform: (task: unknown) => unknown): void {
  parentPort?.on("message", ({ id, task }: Task) => {
    parentPort?.postMessage({ id, ...outcomeOf(() => perform(JSON.parse(task))) } satisfies Reply);
  });
}

function outcomeOf(perform: () => unknown): Omit<Reply, "id"> {
  try {
    return { result: perform() };
  } catch (error) {
    if (error instanceof RequestError) return { refused: { message: error.message, refusal: error.refusal } };
    return { failed: messageOf(error) };
  }
}
