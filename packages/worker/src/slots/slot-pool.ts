import { BatchLoop } from "../batching/batch-loop.ts";
import type { StepCostLearner } from "../batching/step-cost-learner.ts";
import type { StepCosts } from "../batching/step-costs.ts";
import { placeOf, planMoves } from "../batching/step-planner.ts";
import type { Clock } from "../clock.ts";
import type { Engine } from "../engine/engine.ts";
import { WorkerError } from "../errors.ts";
import type { GenerationHandle, GenerationRequest, GenerationSink, Generator } from "./generation-request.ts";
import { chooseSlot, LEAST_COPIED_TOKENS, type SlotChoice } from "./choose-slot.ts";
import { PrefixIndex } from "./prefix-index.ts";
import { type Running, Slot } from "./slot.ts";
import type { SlotDescription, SlotsView } from "./slots-view.ts";

export interface SlotPoolParts {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Undefined: nothing is padded, cut or moved. */
  readonly costs: StepCosts | undefined;
  /** Corrects `costs` by what steps take. */
  readonly learner?: StepCostLearner;
  readonly itlTargetMs: number;
  /** Guess tokens from the text so far, and verify several in one step. */
  readonly speculates: boolean;
}

/** Steps over which moving a sequence must pay. */
const MOVE_HORIZON_STEPS = 16;

const MOVE_SMOOTHING = 0.3;

/** Taken for a generation's first draft. */
const FIRST_DRAFT_ODDS = 0.8;

/**
 * Gives requests their slots: the free one with the longest common prefix, else the lowest one that holds nothing, else
 * the least recently used. FIFO while all are busy.
 */
export class SlotPool implements Generator, SlotsView {
  readonly contextTokens: number;
  readonly #parts: SlotPoolParts;
  readonly #slots: readonly Slot[];
  readonly #loop: BatchLoop;
  /** What each slot holds. */
  readonly #prefixes = new PrefixIndex();
  /** The prompts that slots are reading. */
  readonly #coming = new PrefixIndex();
  #queue: Running[] = [];
  #uses = 0;
  #moves = 0;
  /** The running slots when moves were last considered. */
  #layout = "";
  /** What a move takes, lately. */
  #moveMs = 30;

  constructor(parts: SlotPoolParts) {
    const { engine } = parts;
    this.#parts = parts;
    this.contextTokens = engine.contextTokens;
    this.#slots = Array.from({ length: engine.sequences }, (_, id) => new Slot(id, engine.createSampler()));
    this.#loop = new BatchLoop({
      ...parts,
      slots: this.#slots,
      prepare: () => this.#prepare(),
      isWaiting: () => this.#queue.length > 0,
      onPrefilled: (slot) => this.#prefilled(slot),
      onEnded: (slot) => this.#remember(slot),
    });
  }

  /** llama.cpp decodes since the start. */
  get steps(): number {
    return this.#loop.meter.steps;
  }

  generate(request: GenerationRequest, sink: GenerationSink): GenerationHandle {
    const running: Running = { request, sink, generated: 0, cancelled: false, draftOdds: FIRST_DRAFT_ODDS };
    this.#check(request.prompt);
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

  facts(): Readonly<Record<string, unknown>> {
    const { steps, splitSteps, decodeMs, betweenMs, slowness, drafted, draftsHeld } = this.#loop.meter;
    return {
      steps: { total: steps, split: splitSteps, decodeMs, betweenMs, slowness },
      drafts: { tried: drafted, held: draftsHeld },
      moves: this.#moves,
      stepCosts: this.#parts.costs?.points ?? null,
      itlTargetMs: this.#parts.itlTargetMs,
    };
  }

  /** llama.cpp fails the whole batch for one wrong token, and with it every request in the step. */
  #check(prompt: readonly number[]): void {
    const { vocabularySize } = this.#parts.engine.model;
    const end = vocabularySize > 0 ? vocabularySize : Number.POSITIVE_INFINITY; // 0: the file does not say.
    if (prompt.length === 0 || prompt.length >= this.contextTokens) {
      throw new RangeError(`a prompt of ${prompt.length} tokens in a slot of ${this.contextTokens}`);
    }
    const wrong = prompt.find((token) => !Number.isInteger(token) || token < 0 || token >= end);
    if (wrong !== undefined) throw new RangeError(`token ${wrong} in a vocabulary of ${vocabularySize}`);
  }

  #cancel(running: Running): void {
    if (running.cancelled) return;
    running.cancelled = true;
    const place = this.#queue.indexOf(running);
    if (place < 0) return; // In a slot: the loop frees it before its next step.
    this.#queue.splice(place, 1);
    running.sink.onEnd({ reason: "cancelled" });
  }

  async #prepare(): Promise<void> {
    for (const slot of this.#slots) {
      if (slot.running?.cancelled !== true) continue;
      slot.end("cancelled");
      this.#remember(slot);
    }
    for (let place = 0; place < this.#queue.length; ) {
      if (this.#slots.every((slot) => slot.running !== undefined)) break;
      const running = this.#queue[place] as Running;
      if (this.#isComing(running.request)) place += 1;
      else {
        this.#queue.splice(place, 1);
        await this.#admit(running);
      }
    }
    await this.#rearrange();
  }

  /**
   * Is a slot just reading what this prompt begins with? It then waits and copies that, rather than evaluate the same
   * system prompt beside it; those behind it in the queue go first.
   */
  #isComing({ prompt, cachePrompt }: GenerationRequest): boolean {
    if (!cachePrompt || !this.#parts.engine.model.canCutState) return false;
    const coming = this.#coming.longest(prompt).length;
    return coming >= LEAST_COPIED_TOKENS && coming >= this.#prefixes.longest(prompt).length + LEAST_COPIED_TOKENS;
  }

  async #admit(running: Running): Promise<void> {
    const { prompt, cachePrompt } = running.request;
    const match = cachePrompt ? this.#prefixes.longest(prompt) : { slots: [], length: 0 };
    const free = this.#slots.filter((slot) => slot.running === undefined);
    const choice = chooseSlot(free, this.#slots, match, this.#parts.engine.model.canCutState);
    const { slot } = choice;
    try {
      await this.#fill(choice, prompt);
      slot.begin(running, slot.evaluated, ++this.#uses);
    } catch (cause) {
      const error = cause instanceof Error ? cause : new WorkerError("unexpected", String(cause));
      if (slot.running === running) slot.end("failed", error);
      else running.sink.onEnd({ reason: "failed", error });
    }
    this.#remember(slot);
  }

  /** Leaves in the slot what it and the prompt have in common. */
  async #fill({ slot, cachedTokens, copyFrom }: SlotChoice<Slot>, prompt: readonly number[]): Promise<void> {
    const { engine } = this.#parts;
    if (copyFrom !== undefined) {
      await engine.copy(copyFrom.id, slot.id);
      slot.tokens = copyFrom.tokens.slice(0, copyFrom.evaluated);
      slot.evaluated = copyFrom.evaluated;
    }
    // Where all of the prompt is known its last token is evaluated again: its logits are gone.
    await this.#goBack(slot, Math.min(cachedTokens, prompt.length - 1));
  }

  /** Leaves the slot with at most the first `tokens`, by its checkpoint where the model can't cut its state. */
  async #goBack(slot: Slot, tokens: number): Promise<void> {
    const { engine } = this.#parts;
    const { checkpoint } = slot;
    const needed = slot.evaluated > tokens && !engine.model.canCutState;
    if (needed && checkpoint !== undefined && checkpoint.tokens <= tokens) {
      if (!(await engine.restore(slot.id, checkpoint))) return cutSlot(engine, slot, 0);
      slot.evaluated = checkpoint.tokens;
      slot.tokens.length = slot.evaluated;
    } else cutSlot(engine, slot, tokens);
  }

  /** The next turn of a chat begins with this prompt, but seldom with just the tokens of its answer. */
  #prefilled(slot: Slot): Promise<void> | undefined {
    const { engine } = this.#parts;
    this.#remember(slot);
    if (engine.model.canCutState || !slot.keeps) return undefined;
    return engine.checkpoint(slot.id).then((checkpoint) => slot.keep(checkpoint));
  }

  /** Brings running slots together where llama.cpp would otherwise compute them apart for long enough to pay. */
  async #rearrange(): Promise<void> {
    const { engine, costs, clock } = this.#parts;
    const layout = this.#slots.map((slot) => (slot.running === undefined ? "-" : "x")).join("");
    if (layout === this.#layout) return;
    const places = this.#slots.map((slot) => placeOf(slot, engine.contextTokens, engine.model.canCutState));
    const left = this.#slots.map(({ running }) => (running ? running.request.maxTokens - running.generated : 0));
    const horizon = Math.min(MOVE_HORIZON_STEPS, Math.max(...left));
    for (const [from, to] of planMoves({ places, costs, horizon, moveMs: this.#moveMs })) {
      const start = clock.monotonicMs();
      const [a, b] = [this.#slots[from] as Slot, this.#slots[to] as Slot];
      if (!(await engine.exchange(from, to))) {
        this.#moveMs = Number.POSITIVE_INFINITY; // Moving only saves time: go on without it.
        break;
      }
      a.exchange(b);
      this.#remember(a);
      this.#remember(b);
      this.#moves += 1;
      this.#moveMs += MOVE_SMOOTHING * (clock.monotonicMs() - start - this.#moveMs);
    }
    this.#layout = this.#slots.map((slot) => (slot.running === undefined ? "-" : "x")).join("");
  }

  /** Files what the slot holds for later requests, or forgets it where its request did not want that. */
  #remember(slot: Slot): void {
    const reading = slot.keeps && slot.running?.generated === 0 && slot.pending > 0;
    if (reading) this.#coming.set(slot.id, slot.tokens.slice());
    else this.#coming.delete(slot.id);
    if (slot.keeps) return this.#prefixes.set(slot.id, slot.tokens.slice(0, slot.evaluated));
    this.#prefixes.delete(slot.id);
    if (slot.running === undefined) cutSlot(this.#parts.engine, slot, 0);
  }
}

/** Leaves the slot with at most the first `tokens`; with none where the model can't cut its state there. */
function cutSlot(engine: Engine, slot: Slot, tokens: number): void {
  if (slot.evaluated <= tokens) return;
  if (engine.cut(slot.id, tokens)) slot.evaluated = tokens;
  else {
    engine.cut(slot.id, 0);
    slot.evaluated = 0;
  }
  if (slot.evaluated < (slot.checkpoint?.tokens ?? 0)) slot.keep(undefined);
  slot.tokens.length = slot.evaluated;
}
