import { UNWANTED } from "@drover/models";
import { createGate } from "../../gate.ts";
import type { ServedModel } from "../../process/launch.ts";

/** Gets the model, until it is told to stop. */
export type Fetch = (signal: AbortSignal) => Promise<ServedModel>;

/** What became of a reload that a newer one came before: that one wants the same model, or calls the download off. */
export type Fate = "taken over" | "called off";

/** The model that a reload waits for, for minutes or without end. A newer reload takes the download over, or calls it off. */
export class ModelDownload {
  readonly #cancel = new AbortController();
  readonly #served: Promise<ServedModel>;
  readonly #fate = createGate<Fate>();

  constructor(begin: Fetch) {
    this.#served = begin(this.#cancel.signal);
    // Who waits may have left.
    this.#served.catch(() => {});
  }

  /** The model, or undefined as soon as a newer reload has come. */
  async wait(newer: Promise<unknown>): Promise<ServedModel | undefined> {
    return await Promise.race([this.#served, newer.then(() => undefined)]);
  }

  /** What the newer reload decides. */
  get fate(): Promise<Fate> {
    return this.#fate.opened;
  }

  /** The same download, for a newer reload. */
  takeOver(): ModelDownload {
    this.#fate.open("taken over");
    return new ModelDownload((signal) => {
      signal.addEventListener("abort", () => this.#cancel.abort(signal.reason));
      return this.#served;
    });
  }

  /** Nothing of it is wanted any more. */
  async callOff(): Promise<void> {
    this.#fate.open("called off");
    await this.#end(UNWANTED);
  }

  /** Drover ends: what has arrived is of use to the next one. */
  async stop(): Promise<void> {
    await this.#end(undefined);
  }

  async #end(reason: typeof UNWANTED | undefined): Promise<void> {
    this.#cancel.abort(reason);
    await this.#served.catch(() => {});
  }
}
