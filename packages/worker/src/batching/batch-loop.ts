import type { WorkerSettings } from "@drover/contract/worker-options";
import type { Time } from "@drover/foundation/clock";
import type { Engine, LogitRow } from "../engine/engine.ts";
import type { EndReason } from "../generation-contract.ts";
import type { ApartSampling } from "./apart/apart-sampling.ts";
import type { Slot } from "./slot.ts";
import type { ComputingTurns } from "../leases/cpu-lease.ts";
import { batchPart } from "./batch-part.ts";
import { composeStep, type StepEntry } from "./compose-step.ts";
import { Guesses } from "./guesses.ts";
import { PromptShare } from "./prompt-share.ts";
import { type Sampled, sampleSlot } from "./sample-slot.ts";
import { scheduleStep } from "./scheduler.ts";
import type { CostObserver } from "../step-costs/step-cost-learner.ts";
import type { StepCosts } from "@drover/contract/step-costs";
import { type GroupPlan, slotStatus, type SlotStatus, plainPlan, planBeginning, planGroups } from "./plan-groups.ts";
import { StepMeter } from "./step-meter.ts";
import type { ExpectedStep } from "./slowness.ts";

export interface BatchLoopParts {
  readonly engine: Engine;
  readonly clock: Time;
  /** By id. */
  readonly slots: readonly Slot[];
  readonly costs: StepCosts | undefined;
  /** Whose `costs` these are. Absent: they stay as they are. */
  readonly learner?: CostObserver;
  readonly settings: WorkerSettings;
  /** A step, with what prepares it, is a turn: between two steps the worker's CPUs may change. Absent: nothing else computes. */
  readonly turns?: ComputingTurns;
  /** Absent: all grammars are sampled with everybody's tokens. */
  readonly apart?: ApartSampling;
  /** Awaited before each step: frees the slots of cancelled requests and gives them to waiting ones. */
  readonly prepare: () => Promise<void>;
  /** Is a request waiting that `prepare` did not see yet? */
  readonly isWaiting: () => boolean;
  /** The slot holds its entire prompt now, and the next step waits for the response. */
  readonly onPrefilled: (slot: Slot) => Promise<void> | undefined;
  readonly onEnded: (slot: Slot) => void;
  /** The slot holds a prompt that nobody has asked for yet. */
  readonly onReadAhead: (slot: Slot) => void;
}

/**
 * Drives all slots in lock step: each step is one llama.cpp decode with a token of every running response, or with a piece of
 * one prompt (scheduler.ts says which). Sequences that decode out of phase cost llama.cpp up to twice the time.
 */
export class BatchLoop {
  readonly meter: StepMeter;
  readonly #parts: BatchLoopParts;
  #looping = false;
  readonly #share = new PromptShare();
  readonly #guesses: Guesses;
  #idleWaiters: (() => void)[] = [];
  /** While all running slots are held. */
  #endRest: (() => void) | undefined;

  constructor(parts: BatchLoopParts) {
    this.#parts = parts;
    this.meter = new StepMeter(parts.clock);
    this.#guesses = new Guesses(parts, this.meter);
  }

  /** There is work, or there may be. */
  wake(): void {
    if (this.#looping) return this.#endRest?.();
    this.#looping = true;
    void this.#loop();
  }

  whenIdle(): Promise<void> {
    if (!this.#looping) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  async #loop(): Promise<void> {
    const { slots, prepare, isWaiting } = this.#parts;
    for (;;) {
      const endTurn = await this.#parts.turns?.begin();
      let rest: Promise<void> | undefined;
      try {
        await prepare();
        // Their slots are for requests that wait.
        if (this.#endRefused()) continue;
        const running = slots.filter((slot) => slot.running !== undefined);
        if (running.some((slot) => !slot.isHeld)) await this.#step();
        // No await from here to the loop's end or its rest: what comes in between would be waited for in vain.
        else if (running.length > 0) rest = this.#rest();
        else if (!isWaiting()) break;
      } catch (error) {
        this.#failAll(error instanceof Error ? error : new Error(String(error)));
      } finally {
        endTurn?.();
      }
      await rest;
    }
    this.#looping = false;
    this.meter.pause();
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /** Until a slot is no longer held, or there is other work. */
  #rest(): Promise<void> {
    this.meter.pause();
    return new Promise((resolve) => {
      this.#endRest = resolve;
    });
  }

  /** Requests whose grammar, sampled apart, takes too long or can't be used. @returns whether there were any */
  #endRefused(): boolean {
    const refused = this.#parts.slots.filter(({ running }) => running?.apart?.error !== undefined);
    for (const slot of refused) {
      slot.end("failed", slot.running?.apart?.error);
      this.#parts.onEnded(slot);
    }
    return refused.length > 0;
  }

  async #step(): Promise<void> {
    const { slots, engine, costs, clock } = this.#parts;
    const statuses = slots.map((slot) => slotStatus(slot, engine.contextTokens, engine.model.canCutState));
    const plan = this.#planGroups(statuses);
    const decoding = slots.filter((slot) => statuses[slot.id] === "decoding");
    const beginning = decoding.filter(({ running }) => running?.generated === 0);
    const beginPlan = planBeginning(statuses, { beginning, decoding, costs });
    const now = clock.monotonicMs();
    const step = scheduleStep({
      prompts: slots.flatMap((slot) => {
        if (statuses[slot.id] !== "prefill") return [];
        return { ...slot.waitingPrompt(now), ...this.#share.ofOwner(slot.reader(decoding)) };
      }),
      decoding: decoding.length,
      decodeMs: plan.ms,
      beginMs: beginPlan?.ms ?? 0,
      costs,
      slowness: this.meter.slowness,
      pausedMs: this.#share.pausedMs(now),
      hasRead: this.#share.hasRead,
      creditMs: this.#share.creditMs,
      longestPauseMs: this.#parts.settings.longestPauseMs,
      batchTokens: engine.batchTokens,
    });
    if (step.kind === "decode") await this.#decode(plan, decoding);
    else if (step.kind === "read") await this.#read(slots[step.slot] as Slot, step.tokens, decoding);
    else if (beginPlan !== undefined) await this.#begin(beginPlan, beginning, decoding.length - beginning.length);
  }

  /** The first token of the responses that can begin, while `beside` others wait for their next one. */
  async #begin(plan: GroupPlan, beginning: readonly Slot[], beside: number): Promise<void> {
    await this.#compute(composeStep(plan.groups, this.#wanted(plan, beginning)), {
      kind: "decode",
      expectedMs: plan.ms,
    });
    this.#share.read(this.meter.lastMs, beside, this.#parts.clock.monotonicMs());
  }

  /** One token of each running response. */
  async #decode(plan: GroupPlan, decoding: readonly Slot[]): Promise<void> {
    const { costs, clock } = this.#parts;
    const drafts = this.#guesses.make(decoding, plan.ms);
    const wanted = this.#wanted(plan, decoding, drafts);
    this.meter.countSplits(plan);
    // A step that verifies guesses is longer than its plan, and says nothing of the machine.
    const expectedMs = costs === undefined || drafts.size > 0 ? 0 : plan.ms;
    // Before the step: it may end the last of them.
    const depth = this.#meanDepth();
    const pausedMs = this.#share.pausedMs(clock.monotonicMs());
    await this.#compute(composeStep(plan.groups, wanted), { kind: "decode", expectedMs });
    this.#share.decoded(this.meter.lastMs, clock.monotonicMs());
    if (drafts.size === 0) this.#parts.learner?.see({ groups: plan.groups, ms: this.meter.lastMs, depth, pausedMs });
  }

  /** Tokens of each slot in a step, by slot. A running slot that fills a hole of the plan lends it a token. */
  #wanted(
    plan: GroupPlan,
    chosen: readonly Slot[],
    drafts: ReadonlyMap<number, number> = new Map(),
  ): Map<number, number> {
    const wanted = new Map(chosen.map(({ id }) => [id, 1 + (drafts.get(id) ?? 0)]));
    for (const { first, last } of plan.groups) {
      for (let id = first; id <= last; id++)
        if (this.#parts.slots[id]?.running !== undefined && !wanted.has(id)) wanted.set(id, 1);
    }
    return wanted;
  }

  /** The next piece of one prompt. */
  async #read(slot: Slot, tokens: number, beside: readonly Slot[]): Promise<void> {
    const { costs, clock } = this.#parts;
    const { id, evaluated: depth, running } = slot;
    // Before the step: it may end the request.
    const reader = running?.isAhead === true ? undefined : slot.reader(beside);
    const expectedMs = costs?.groupMs(tokens) ?? 0;
    await this.#compute([{ slot: id, tokens }], { kind: "prompt", expectedMs, tokens, depth });
    this.#share.read(this.meter.lastMs, beside.length, clock.monotonicMs(), reader);
  }

  async #compute(entries: readonly StepEntry[], expected: ExpectedStep): Promise<void> {
    const { engine, slots } = this.#parts;
    const parts = entries.map((entry) => batchPart(slots[entry.slot] as Slot, entry));
    const tokensOf = parts.reduce((sum, { tokens }) => sum + tokens.length, 0);
    const rows = await this.meter.decode(expected, tokensOf, () => engine.decode(parts));
    const ready: { readonly slot: Slot; readonly rows: readonly LogitRow[] }[] = [];
    for (const [index, { slot: id, tokens }] of entries.entries()) {
      const slot = slots[id] as Slot;
      if (tokens === 0) engine.cut(id, slot.evaluated);
      slot.evaluated += tokens - slot.draft.length;
      this.#note(slot, tokens, entries.length);
      if (slot.running?.isAhead === true && slot.pending === 0) {
        slot.end("stopped");
        this.#parts.onReadAhead(slot);
        continue;
      }
      const wanted = rows[index] ?? [];
      if (tokens === 0 || wanted.length === 0) continue;
      ready.push({ slot, rows: wanted });
      if (slot.running?.generated !== 0) continue;
      const prefilled = this.#parts.onPrefilled(slot);
      if (prefilled !== undefined) await prefilled;
    }
    const sampling = ready.map(({ slot, rows }) => sampleSlot(slot, rows, this.#parts));
    // All at once: several threads sample side by side, and with one it makes no difference.
    for (const sampled of await allSettled(sampling)) this.#deliver(sampled);
  }

  #note({ running, evaluated }: Slot, tokens: number, sequences: number): void {
    if (running === undefined) return;
    if (running.generated > 0) return running.timeline?.stepped(sequences);
    this.meter.promptTokens += tokens;
    running.timeline?.read(tokens);
    running.sink.onPromptRead?.(evaluated);
  }

  #planGroups(statuses: readonly SlotStatus[]): GroupPlan {
    const { costs, learner } = this.#parts;
    const plan = planGroups(statuses, costs);
    const plain = plainPlan(statuses, costs);
    const couldTell = plan.ms < plain.ms && plain.groups.length === 1 && !statuses.includes("prefill");
    return couldTell && learner?.isPlainTurn() === true ? plain : plan;
  }

  /** Tokens that a running slot holds, on average. */
  #meanDepth(): number {
    const held = this.#parts.slots.filter(({ running }) => running !== undefined);
    return held.reduce((sum, { evaluated }) => sum + evaluated, 0) / held.length;
  }

  #deliver({ slot, generated, isHeld, tookMs }: Sampled): void {
    const { engine, onEnded } = this.#parts;
    if (isHeld) return this.#rewind(slot);
    const drafted = slot.draft.length;
    slot.draft = [];
    slot.running?.timeline?.tokenAt(this.#parts.clock.monotonicMs());
    let reason: EndReason | undefined;
    for (const [index, token] of generated.entries()) {
      if (slot.running === undefined || slot.running.cancelled || reason !== undefined) break;
      // The token before this one was a guess that came true: it is evaluated already.
      if (index > 0) slot.evaluated += 1;
      this.meter.generatedTokens += 1;
      reason = slot.accept(token, engine.contextTokens, (token) => engine.vocabulary.isEndOfText(token));
    }
    if (drafted > 0) this.#guesses.judge(slot, drafted, Math.max(0, generated.length - 1));
    if (reason === undefined) return this.#moveApart(slot, tookMs);
    slot.end(reason);
    onEnded(slot);
  }

  /** The next decode writes over the logits, so the token before them is decoded again. */
  #rewind(slot: Slot): void {
    slot.evaluated -= 1;
    this.#parts.engine.cut(slot.id, slot.evaluated);
  }

  /** All slots wait for each other's tokens, and should for none under a slow grammar but the first. */
  #moveApart(slot: Slot, tookMs: number): void {
    const { running } = slot;
    if (running === undefined || running.apart !== undefined) return;
    const apart = this.#parts.apart?.goOn(running.request, slot.generatedTokens, tookMs);
    if (apart !== undefined) slot.moveApart(apart);
  }

  /** What the context holds after a failed decode is unknown, so nothing is kept. */
  #failAll(error: Error): void {
    for (const slot of this.#parts.slots) {
      this.#parts.engine.cut(slot.id, 0);
      slot.forget();
      slot.end("failed", error);
      this.#parts.onEnded(slot);
    }
  }
}

/** Like `Promise.all`, but fails only when none is under way any more: the next decode writes over what they read. */
async function allSettled<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}
