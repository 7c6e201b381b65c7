import { nounOf } from "@drover/foundation/texts";
import type { Logger } from "pino";
import { findFreePort } from "../process/free-port.ts";
import { createSerialQueue } from "../serial-queue.ts";

/** Which port each worker has. */
export class Ports {
  readonly #logger: Logger;
  readonly #taken = new Map<string, number>();
  readonly #inOrder = createSerialQueue();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * The port that `owner` had before, or the first from `first` on, where those are free. One after the other, so that
   * two workers that start together do not find the same port.
   */
  pick(owner: string, worker: string, first: number): Promise<number> {
    return this.#inOrder(async () => {
      const others = new Set([...this.#taken].filter(([other]) => other !== owner).map(([, port]) => port));
      const { port, taken } = await findFreePort(this.#taken.get(owner) ?? first, others);
      if (taken.length > 0) {
        const inUse = `${nounOf(taken.length, "port")} ${taken.join(", ")} ${taken.length === 1 ? "is" : "are"}`;
        this.#logger.warn({ worker, port, taken }, `${inUse} in use; taking ${port}`);
      }
      this.#taken.set(owner, port);
      return port;
    });
  }

  release(owner: string): void {
    this.#taken.delete(owner);
  }
}
