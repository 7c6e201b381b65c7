import type { Engine } from "../engine/engine.ts";
import { BatchLoop } from "../batching/batch-loop.ts";
import type { GenerationHandle, GenerationRequest, GenerationSink, Generator } from "./generation-request.ts";
import { type Running, Slot } from "./slot.ts";
import type { SlotDescription, SlotsView } from "./slots-view.ts";

/** Gives requests their slots: the one with the longest common prefix, else the lowest free one; FIFO while all are busy. */
export class SlotPool implements Generator, SlotsView {
  readonly contextTokens: number;
  readonly #engine: Engine;
  readonly #slots: readonly Slot[];
  readonly #loop: BatchLoop;
  #queue: Running[] = [];
  #uses = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.contextTokens = engine.contextTokens;
    this.#slots = Array.from({ length: engine.sequences }, (_, id) => new Slot(id, engine.createSampler()));
    this.#loop = new BatchLoop({ engine, slots: this.#slots, admit: () => this.#admit() });
  }

  /** llama.cpp decodes since the start. */
  get steps(): number {
    return this.#loop.steps;
  }

  generate(request: GenerationRequest, sink: GenerationSink): GenerationHandle {
    const running: Running = { request, sink, generated: 0, cancelled: false };
    this.#queue.push(running);
    this.#loop.wake();
    return { cancel: () => this.#cancel(running) };
  }

  /** Resolves once nothing runs or waits. */
  whenIdle(): Promise<void> {
    return this.#loop.whenIdle();
  }

  counts(): { readonly idle: number; readonly processing: number; readonly queued: number } {
    const processing = this.#slots.filter((slot) => slot.running !== undefined).length;
    return { idle: this.#slots.length - processing, processing, queued: this.#queue.length };
  }

  describe(): readonly SlotDescription[] {
    return this.#slots.map((slot) => ({
      id: slot.id,
      state: slot.running === undefined ? "idle" : slot.pending > 1 ? "prefill" : "decoding",
      keptTokens: slot.evaluated,
      promptTokens: slot.running?.request.prompt.length ?? 0,
      generatedTokens: slot.running?.generated ?? 0,
    }));
  }

  #cancel(running: Running): void {
    if (running.cancelled) return;
    running.cancelled = true;
    const place = this.#queue.indexOf(running);
    if (place < 0) return; // In a slot: the loop frees it before its next step.
    this.#queue.splice(place, 1);
    running.sink.onEnd({ reason: "cancelled" });
  }

  /** Called by the loop between two steps. */
  #admit(): void {
    while (this.#queue.length > 0) {
      const free = this.#slots.filter((slot) => slot.running === undefined);
      const running = this.#queue[0];
      if (running === undefined || free.length === 0) return;
      this.#queue.shift();
      const { slot, cached } = this.#choose(free, running.request);
      this.#begin(slot, running, cached);
    }
  }

  #choose(free: readonly Slot[], request: GenerationRequest): { readonly slot: Slot; readonly cached: number } {
    let best = { slot: free[0] as Slot, cached: 0 };
    if (!request.cachePrompt) return best;
    for (const slot of free) {
      const cached = commonPrefix(slot.tokens, request.prompt);
      if (cached > best.cached) best = { slot, cached };
    }
    return best;
  }

  #begin(slot: Slot, running: Running, wanted: number): void {
    // The last token is evaluated again where all are known: its logits are gone.
    let cached = Math.min(wanted, running.request.prompt.length - 1);
    if (slot.evaluated > cached && !this.#engine.cut(slot.id, cached)) {
      cached = 0;
      this.#engine.cut(slot.id, 0);
    }
    try {
      slot.begin(running, cached, ++this.#uses);
      running.sink.onStart?.({ slot: slot.id, cachedTokens: cached });
    } catch (error) {
      slot.evaluated = cached;
      slot.end("failed", error instanceof Error ? error : new Error(String(error)));
    }
  }
}

function commonPrefix(kept: readonly number[], prompt: readonly number[]): number {
  const most = Math.min(kept.length, prompt.length);
  let length = 0;
  while (length < most && kept[length] === prompt[length]) length += 1;
  return length;
}
