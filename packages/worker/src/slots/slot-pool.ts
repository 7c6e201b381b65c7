import { BatchLoop } from "../batching/batch-loop.ts";
import type { CostObserver } from "../step-costs/step-cost-learner.ts";
import type { StepCosts } from "../step-costs/step-costs.ts";
import { placeOf, planMoves } from "../batching/step-planner.ts";
import type { Time } from "@drover/foundation/clock";
import type { ComputingTurns } from "../leases/cpu-lease.ts";
import type { Engine } from "../engine/engine.ts";
import { WorkerError } from "../errors.ts";
import type { GenerationHandle, GenerationRequest, GenerationSink, Generator } from "../generation-contract.ts";
import { KeptState } from "../state/kept-state.ts";
import { type Running, Slot } from "../batching/slot.ts";
import type { SlotDescription, SlotsView } from "./slots-view.ts";
import type { SnapshotStore } from "../state/snapshot-store.ts";

export interface SlotPoolParts {
  readonly engine: Engine;
  readonly clock: Time;
  /** Undefined: nothing is padded, cut or moved. */
  readonly costs: StepCosts | undefined;
  /** Corrects `costs` by what steps take. */
  readonly learner?: CostObserver;
  /** Running answers pause no longer for the reading of prompts. */
  readonly longestPauseMs: number;
  /** Guess tokens from the text so far, and verify several in one step. */
  readonly speculates: boolean;
  /** See the batch loop. */
  readonly turns?: ComputingTurns;
  /** What workers keep of ended requests for each other. Absent: each slot keeps its last one. */
  readonly snapshots?: SnapshotStore;
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
  readonly #kept: KeptState;
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
    this.#kept = new KeptState({ ...parts, slots: this.#slots, snapshots: parts.snapshots });
    this.#loop = new BatchLoop({
      ...parts,
      slots: this.#slots,
      prepare: () => this.#prepare(),
      isWaiting: () => this.#queue.length > 0,
      onPrefilled: (slot) => this.#kept.prefilled(slot),
      onEnded: (slot) => this.#kept.remember(slot),
    });
  }

  /** llama.cpp decodes since the start. */
  get steps(): number {
    return this.#loop.meter.steps;
  }

  generate(request: GenerationRequest, sink: GenerationSink): GenerationHandle {
    const sinceMs = this.#parts.clock.monotonicMs();
    const running: Running = { request, sink, sinceMs, generated: 0, cancelled: false, draftOdds: FIRST_DRAFT_ODDS };
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
    const { promptTokens, generatedTokens } = this.#loop.meter;
    const { snapshots } = this.#parts;
    return {
      steps: { total: steps, split: splitSteps, decodeMs, betweenMs, slowness },
      tokens: { prompt: promptTokens, generated: generatedTokens },
      drafts: { tried: drafted, held: draftsHeld },
      snapshots: snapshots === undefined ? null : snapshots.facts(),
      moves: this.#moves,
      stepCosts: this.#parts.costs?.points ?? null,
      longestPauseMs: this.#parts.longestPauseMs,
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
      this.#kept.remember(slot);
    }
    const isIdle = this.#queue.length === 0 && this.#slots.every((slot) => slot.running === undefined);
    await this.#kept.saveEnded(isIdle);
    await this.#kept.saveRunning();
    if (this.#queue.length > 0) await this.#giveSlots();
    await this.#rearrange();
  }

  async #giveSlots(): Promise<void> {
    await this.#kept.refresh();
    for (let place = 0; place < this.#queue.length; ) {
      if (this.#slots.every((slot) => slot.running !== undefined)) break;
      const running = this.#queue[place] as Running;
      if (this.#kept.isComing(running.request)) place += 1;
      else {
        this.#queue.splice(place, 1);
        await this.#admit(running);
      }
    }
  }

  async #admit(running: Running): Promise<void> {
    const { slot, fill } = this.#kept.choose(running.request);
    try {
      await fill();
      slot.begin(running, slot.evaluated, ++this.#uses);
    } catch (cause) {
      const error = cause instanceof Error ? cause : new WorkerError("unexpected", String(cause));
      if (slot.running === running) slot.end("failed", error);
      else running.sink.onEnd({ reason: "failed", error });
    }
    this.#kept.remember(slot);
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
      this.#kept.remember(a);
      this.#kept.remember(b);
      this.#moves += 1;
      this.#moveMs += MOVE_SMOOTHING * (clock.monotonicMs() - start - this.#moveMs);
    }
    this.#layout = this.#slots.map((slot) => (slot.running === undefined ? "-" : "x")).join("");
  }
}
