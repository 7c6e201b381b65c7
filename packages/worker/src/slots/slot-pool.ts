import type { WorkerSettings } from "@drover/contract/worker-options";
import type { ApartSampling } from "../batching/apart/apart-sampling.ts";
import { BatchLoop } from "../batching/batch-loop.ts";
import type { CostObserver } from "../step-costs/step-cost-learner.ts";
import type { StepCosts } from "@drover/contract/step-costs";
import { slotStatus, planMoves } from "../batching/plan-groups.ts";
import type { Clock, Time } from "@drover/foundation/clock";
import type { ComputingTurns } from "../leases/cpu-lease.ts";
import type { Engine, TokenSampler } from "../engine/engine.ts";
import { WorkerError } from "../errors.ts";
import type {
  ExpectedPrompt,
  GenerationHandle,
  GenerationRequest,
  GenerationSink,
  Generator,
} from "../generation-contract.ts";
import { AheadPrompts, isAsked } from "./ahead-prompts.ts";
import { KeptState } from "../state/kept-state.ts";
import { ownerOf, type Running, Slot } from "../batching/slot.ts";
import { type HeldSlot, lineUp, slotToYield } from "./divide-slots.ts";
import { FollowUps } from "./follow-ups.ts";
import type { WorkerFigures } from "@drover/contract/worker-figures";
import { poolFacts, poolFigures, PromptSources } from "./pool-figures.ts";
import { describeSlot, type SlotDescription, type SlotsView } from "./slots-view.ts";
import type { SnapshotStore } from "../state/snapshot-store.ts";

export interface SlotPoolParts {
  readonly engine: Engine;
  readonly clock: Time & Pick<Clock, "after">;
  /** Undefined: nothing is padded, cut or moved. */
  readonly costs: StepCosts | undefined;
  /** Corrects `costs` by what steps take. */
  readonly learner?: CostObserver;
  readonly settings: WorkerSettings;
  /** See the batch loop. */
  readonly turns?: ComputingTurns;
  /** See the batch loop. */
  readonly apart?: ApartSampling;
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
 * the least recently used. While all are busy, first come first served between requests of one owner; slots are divided between owners.
 */
export class SlotPool implements Generator, SlotsView {
  readonly contextTokens: number;
  readonly #parts: SlotPoolParts;
  readonly #slots: readonly Slot[];
  readonly #loop: BatchLoop;
  readonly #kept: KeptState;
  readonly #sources = new PromptSources();
  #queue: Running[] = [];
  readonly #ahead: AheadPrompts;
  readonly #followUps: FollowUps;
  /** Of slots that have taken over the sampler of a request that was set aside. */
  readonly #spareSamplers: TokenSampler[] = [];
  #arrivals = 0;
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
    this.#ahead = new AheadPrompts(this.#slots, (slot) => this.#kept.remember(slot));
    this.#followUps = new FollowUps(parts.clock);
    this.#loop = new BatchLoop({
      ...parts,
      slots: this.#slots,
      prepare: () => this.#prepare(),
      isWaiting: () => this.#queue.length > 0,
      onPrefilled: (slot) => this.#kept.prefilled(slot),
      onEnded: (slot) => {
        this.#kept.remember(slot);
        this.#followUps.ended(this.#loop.meter.lastMs);
      },
      onReadAhead: (slot) => this.#kept.remember(slot),
    });
    if (parts.apart !== undefined) parts.apart.onReady = () => this.#loop.wake();
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
    this.#arrivals += 1;
    this.#followUps.arrived();
    this.#loop.wake();
    return { cancel: () => this.#cancel(running) };
  }

  /** Does nothing where the state can't be cut back, nor while others wait or hold all CPUs. */
  readAhead(expected: ExpectedPrompt): void {
    const { engine, clock, turns, settings } = this.#parts;
    if (settings.readAhead === "off" || !engine.model.canCutState || this.#queue.length > 0 || turns?.threads === 0)
      return;
    this.#check(expected.prompt);
    this.#ahead.add({ ...expected, prompt: this.#kept.inKeptTokens(expected) }, clock.monotonicMs());
    this.#loop.wake();
  }

  inKeptTokens(expected: ExpectedPrompt): readonly number[] {
    this.#parts.snapshots?.refresh();
    return this.#kept.inKeptTokens(expected);
  }

  /** Resolves once nothing runs or waits. */
  whenIdle(): Promise<void> {
    this.#ahead.drop();
    return this.#loop.whenIdle();
  }

  counts(): { readonly idle: number; readonly processing: number; readonly queued: number } {
    const processing = this.#slots.filter(isAsked).length;
    return { idle: this.#slots.length - processing, processing, queued: this.#queue.length };
  }

  describe(): readonly SlotDescription[] {
    return this.#slots.map(describeSlot);
  }

  facts(): Readonly<Record<string, unknown>> {
    return poolFacts(this.#loop.meter, this.#parts, this.#moves);
  }

  /** For the heartbeat. */
  figures(): WorkerFigures {
    const more = { sources: this.#sources, queued: this.#queue.length, contextTokens: this.contextTokens };
    return poolFigures(this.#slots, this.#loop.meter, { ...more, snapshots: this.#parts.snapshots });
  }

  /** llama.cpp fails the entire batch for one wrong token, and with it every request in the step. */
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
    const position = this.#queue.indexOf(running);
    if (position < 0) return this.#loop.wake(); // In a slot: the loop frees it before its next step.
    this.#queue.splice(position, 1);
    running.sink.onEnd({ reason: "cancelled" });
  }

  /** Again, twice at most, where a request came meanwhile: to write or move a state takes as long as a client needs to ask again. */
  async #prepare(): Promise<void> {
    for (let times = 0, seen = -1; times < 3 && seen !== this.#arrivals; times++) {
      seen = this.#arrivals;
      await this.#prepareOnce();
      if (this.counts().processing > 0 && this.counts().idle > 0) await this.#followUps.wait();
    }
  }

  async #prepareOnce(): Promise<void> {
    for (const slot of this.#slots) {
      if (slot.running?.cancelled !== true) continue;
      slot.end("cancelled");
      this.#kept.remember(slot);
    }
    const isIdle = this.#queue.length === 0 && this.#slots.every((slot) => slot.running === undefined);
    await this.#kept.saveEnded(isIdle);
    await this.#kept.saveRunning();
    if (this.#queue.length > 0) {
      this.#ahead.yieldTo(this.#queue.map(({ request }) => request.prompt));
      this.#kept.refresh();
      while (await this.#giveSlot());
    }
    const ahead = this.#queue.length > 0 ? undefined : this.#ahead.next();
    if (ahead !== undefined) await this.#admit(ahead);
    await this.#rearrange();
  }

  /** To the first in line whose prompt no other slot is just reading. False: there is none, or no slot for it. */
  async #giveSlot(): Promise<boolean> {
    const held = this.#heldSlots();
    const isFull = held.length === this.#slots.length;
    if (isFull && !this.#canSetAside) return false;
    const coming = new Set<readonly number[]>(); // All choices of a request have the same prompt.
    for (const position of lineUp(this.#queue.map(ownerOf), held)) {
      const running = this.#queue[position] as Running;
      const yielded = isFull ? slotToYield(held, ownerOf(running)) : undefined;
      if (isFull && yielded === undefined) return false;
      const { prompt } = running.request;
      if (running.aside === undefined && (coming.has(prompt) || this.#kept.isComing(running.request))) {
        coming.add(prompt);
        continue;
      }
      this.#queue.splice(position, 1);
      if (yielded !== undefined) this.#setAside(this.#slots[yielded] as Slot);
      await this.#admit(running);
      return true;
    }
    return false;
  }

  #heldSlots(): readonly HeldSlot[] {
    const now = this.#parts.clock.monotonicMs();
    return this.#slots.flatMap(({ id, running, pending }) =>
      running === undefined
        ? []
        : [{ id, owner: ownerOf(running), isDecoding: pending <= 1, heldMs: now - (running.heldSinceMs ?? now) }],
    );
  }

  /** What a request that is set aside has had evaluated is kept in a snapshot. */
  get #canSetAside(): boolean {
    return this.#parts.snapshots !== undefined && this.#parts.engine.model.canCutState;
  }

  #setAside(slot: Slot): void {
    this.#queue.push(slot.setAside(this.#spareSamplers.pop() ?? this.#parts.engine.createSampler()));
    this.#kept.remember(slot);
  }

  async #admit(running: Running): Promise<void> {
    const { request, aside } = running;
    const wanted = aside === undefined ? request : { ...request, prompt: aside.tokens };
    const { slot, source: planned, fill } = this.#kept.choose(wanted);
    try {
      await fill();
      if (aside !== undefined) this.#spareSamplers.push(slot.sampler);
      const nowMs = this.#parts.clock.monotonicMs();
      running.heldSinceMs = nowMs;
      const cachedTokens = slot.evaluated;
      const source = cachedTokens === 0 ? "nothing" : planned;
      if (aside === undefined && running.isAhead !== true) this.#sources.count(source, cachedTokens);
      const apart = aside === undefined ? this.#parts.apart?.begin(request) : undefined;
      slot.begin(running, { cachedTokens, source, nowMs, apart }, ++this.#uses);
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
    const statuses = this.#slots.map((slot) => slotStatus(slot, engine.contextTokens, engine.model.canCutState));
    const left = this.#slots.map(({ running }) => (running ? running.request.maxTokens - running.generated : 0));
    const horizon = Math.min(MOVE_HORIZON_STEPS, Math.max(...left));
    for (const [from, to] of planMoves({ statuses, costs, horizon, moveMs: this.#moveMs })) {
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
