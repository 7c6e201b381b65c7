import type { BatchPart, Engine, LogitRow } from "../engine/engine.ts";
import type { GeneratedToken } from "../slots/generation-request.ts";
import type { Slot } from "../slots/slot.ts";

export interface BatchLoopParts {
  readonly engine: Engine;
  /** In ascending order of their ids. */
  readonly slots: readonly Slot[];
  /** Called before each step: gives waiting requests the free slots. */
  readonly admit: () => void;
}

/**
 * Drives all slots in lock step: each step is one decode with a token of every decoding slot and a share of the waiting
 * prompts. Sequences that decode out of phase cost llama.cpp up to twice the time (DESIGN 7, point 1).
 */
export class BatchLoop {
  readonly #parts: BatchLoopParts;
  #looping = false;
  #steps = 0;
  #idleWaiters: (() => void)[] = [];

  constructor(parts: BatchLoopParts) {
    this.#parts = parts;
  }

  get steps(): number {
    return this.#steps;
  }

  /** There is work, or there may be. */
  wake(): void {
    if (this.#looping) return;
    this.#looping = true;
    void this.#loop();
  }

  whenIdle(): Promise<void> {
    if (!this.#looping) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  async #loop(): Promise<void> {
    const { slots, admit } = this.#parts;
    for (;;) {
      for (const slot of slots) if (slot.running?.cancelled === true) slot.end("cancelled");
      admit();
      if (!slots.some((slot) => slot.running !== undefined)) break;
      try {
        await this.#step();
      } catch (error) {
        this.#failAll(error instanceof Error ? error : new Error(String(error)));
      }
    }
    this.#looping = false;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  async #step(): Promise<void> {
    const { engine, slots } = this.#parts;
    const shares = shareOut(slots, engine.batchTokens);
    const rows = await engine.decode(shares.map(({ slot, tokens }) => part(slot, tokens)));
    this.#steps += 1;
    const complete: { readonly slot: Slot; readonly row: LogitRow }[] = [];
    for (const [index, { slot, tokens }] of shares.entries()) {
      slot.evaluated += tokens;
      const row = rows[index]?.[0];
      if (row !== undefined && slot.running?.cancelled === false) complete.push({ slot, row });
    }
    // All at once: with several threads they run side by side, with one it makes no difference.
    const tokens = await Promise.all(complete.map(({ slot, row }) => this.#sample(slot, row)));
    for (const [index, { slot }] of complete.entries()) this.#deliver(slot, tokens[index]);
  }

  async #sample(slot: Slot, row: LogitRow): Promise<GeneratedToken | undefined> {
    const token = await slot.sampler.sample(row);
    const top = slot.running?.request.topLogprobs;
    if (token === undefined || top === undefined) return token === undefined ? undefined : { token };
    const { logprob, top: topLogprobs } = await this.#parts.engine.logprobs(row, token, top);
    return { token, logprob, topLogprobs };
  }

  #deliver(slot: Slot, generated: GeneratedToken | undefined): void {
    const { running } = slot;
    if (running === undefined || running.cancelled) return;
    const { request, sink } = running;
    const { vocabulary, contextTokens } = this.#parts.engine;
    // A grammar that leaves no token has reached its end.
    if (generated === undefined) return slot.end("end-of-text");
    if (!request.ignoreEndOfText && vocabulary.isEndOfText(generated.token)) return slot.end("end-of-text");
    slot.tokens.push(generated.token);
    running.generated += 1;
    if (sink.onToken(generated) === "stop") return slot.end("stopped");
    if (running.generated >= request.maxTokens || slot.tokens.length >= contextTokens) slot.end("length");
  }

  /** What the context holds after a failed decode is unknown, so nothing is kept. */
  #failAll(error: Error): void {
    for (const slot of this.#parts.slots) {
      this.#parts.engine.cut(slot.id, 0);
      slot.evaluated = 0;
      slot.tokens.length = 0;
      slot.end("failed", error);
    }
  }
}

interface Share {
  readonly slot: Slot;
  readonly tokens: number;
}

function shareOut(slots: readonly Slot[], batchTokens: number): readonly Share[] {
  const busy = slots.filter((slot) => slot.running !== undefined);
  let left = batchTokens - busy.length;
  const shares: Share[] = [];
  for (const slot of busy) {
    const more = Math.max(0, Math.min(slot.pending - 1, left));
    left -= more;
    shares.push({ slot, tokens: 1 + more });
  }
  return shares;
}

function part(slot: Slot, tokens: number): BatchPart {
  return {
    sequence: slot.id,
    position: slot.evaluated,
    tokens: slot.tokens.slice(slot.evaluated, slot.evaluated + tokens),
    logits: tokens === slot.pending ? "last" : "none",
  };
}
