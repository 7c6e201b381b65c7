import type { WorkerSettings } from "@drover/contract/worker-options";
import type { Time } from "@drover/foundation/clock";
import type { Engine } from "../engine/engine.ts";
import { chooseSlot, leastCopiedTokens, type SlotChoice } from "./choose-slot.ts";
import type { PromptSource } from "@drover/contract/request-report";
import type { ExpectedPrompt, GenerationRequest } from "../generation-contract.ts";
import { inKeptTokens, type TextOf, textOfTokens } from "./kept-tokens.ts";
import { OwnedPrefixes } from "./owned-prefixes.ts";
import { ownershipOf } from "../batching/ownership.ts";
import type { Slot } from "../batching/slot.ts";
import type { Snapshot, SnapshotStore } from "./snapshot-store.ts";

export interface KeptStateParts {
  readonly engine: Engine;
  readonly clock: Time;
  readonly slots: readonly Slot[];
  /** Shared with other workers. Undefined: state is kept in the slots alone. */
  readonly snapshots: SnapshotStore | undefined;
  readonly settings: WorkerSettings;
}

/** A free slot, and what brings the prompt's beginning into it, from where. */
export interface KeptChoice {
  readonly slot: Slot;
  readonly source: PromptSource;
  readonly fill: () => Promise<void>;
}

type Filling = SlotChoice<Slot> & { readonly load?: Snapshot };

/** A snapshot is read if it has this many tokens more than the slots: less is evaluated as fast. */
const LEAST_LOADED_TOKENS = 16;

const SAVING_SHARE = 1 / 60;
/**
 * A running response is saved again when it has so many tokens more: who resumes it evaluates fewer of them in a moment. The steps after a snapshot are
 * slower, too.
 */
const LEAST_UNSAVED_TOKENS = 64;
/** All responses that run wait for each of these, so a longer one is not made … */
const RUNNING_SHARE = 1 / 15;
/** … and this is the share of a worker's time that goes into them, what is slower afterwards not counted. */
const RUNNING_TIME_SHARE = 0.01;
const SAVING_SMOOTHING = 0.3;

/**
 * What slots hold between requests, and snapshots behind them: finds the longest beginning of a prompt whose state is
 * known, brings it into a free slot, and keeps what a request leaves.
 */
export class KeptState {
  readonly #parts: KeptStateParts;
  /** What each slot holds. */
  readonly #prefixes = new OwnedPrefixes();
  /** The prompts that slots are reading. */
  readonly #coming = new OwnedPrefixes();
  /** What writing a token of a snapshot takes, lately. */
  #saveMsPerToken = 0.1;
  /** When the next snapshot of a running response may be made. */
  #nextRunningMs = 0;

  readonly #textOf: TextOf;

  constructor(parts: KeptStateParts) {
    this.#parts = parts;
    this.#textOf = textOfTokens(parts.engine.vocabulary);
  }

  /** Before requests are given slots: takes notice of what was read and saved since. */
  refresh(): void {
    for (const slot of this.#parts.slots) if (isReading(slot)) this.#file(slot);
    this.#parts.snapshots?.refresh();
  }

  /**
   * Is a slot just reading what this prompt begins with? It then waits and copies that, rather than evaluate the same
   * system prompt beside it; those behind it in the queue go first.
   */
  isComing(request: GenerationRequest): boolean {
    const { prompt, cachePrompt } = request;
    if (!cachePrompt || !this.#parts.engine.model.canCutState) return false;
    const asker = ownershipOf(request);
    const least = leastCopiedTokens(this.#parts.engine.contextTokens);
    const coming = this.#coming.longest(prompt, asker).length;
    if (coming < least) return false;
    const known = Math.max(
      this.#prefixes.longest(prompt, asker).length,
      this.#parts.snapshots?.find(prompt, asker)?.cachedTokens ?? 0,
    );
    return coming >= known + least;
  }

  /** @returns a free slot (one has to be) that holds as much of the prompt as is known and the request may use, and nothing else. */
  choose(request: GenerationRequest): KeptChoice {
    const { prompt, cachePrompt } = request;
    const asker = ownershipOf(request);
    const { slots, engine, snapshots } = this.#parts;
    const { canCutState } = engine.model;
    const match = cachePrompt ? this.#prefixes.longest(prompt, asker) : { slots: [], length: 0 };
    const free = slots.filter((slot) => slot.running === undefined);
    const leastCopied = leastCopiedTokens(engine.contextTokens);
    const rules = { canCutState, leastCopied, hasSnapshots: snapshots !== undefined };
    const choice = chooseSlot(free, slots, match, rules);
    const found = cachePrompt ? snapshots?.find(prompt, asker) : undefined;
    if (found === undefined || found.cachedTokens < choice.cachedTokens + LEAST_LOADED_TOKENS) {
      const source = choice.copyFrom === undefined ? "slot" : "copy";
      return { slot: choice.slot, source, fill: () => this.#fillOrEmpty(choice, prompt) };
    }
    const { slot } = chooseSlot(free, slots, { slots: [], length: 0 }, rules);
    const { snapshot, cachedTokens } = found;
    return { slot, source: "snapshot", fill: () => this.#fillOrEmpty({ slot, cachedTokens, load: snapshot }, prompt) };
  }

  /** See {@link inKeptTokens}: of what the asker may use the state that has the most of the prompt. Texts alone are compared, so it is for prompts that were texts. */
  inKeptTokens(expected: ExpectedPrompt): readonly number[] {
    const { prompt } = expected;
    const asker = ownershipOf(expected);
    const { slots, snapshots } = this.#parts;
    const held = this.#prefixes
      .longest(prompt, asker)
      .slots.flatMap((id) => slots[id] ?? [])
      .filter(({ ownership }) => ownership.owner === asker.owner)
      .map(({ tokens, evaluated }) => tokens.slice(0, evaluated));
    const [longest] = [...held, ...(snapshots?.nearest(prompt, asker) ?? [])]
      .map((tokens) => inKeptTokens(prompt, tokens, this.#textOf))
      .toSorted((a, b) => b.keptTokens - a.keptTokens);
    return longest === undefined || longest.tokens.length >= this.#parts.engine.contextTokens ? prompt : longest.tokens;
  }

  /** Files what the slot holds for later requests, or forgets it where its request did not want that. */
  remember(slot: Slot): void {
    if (isReading(slot)) this.#coming.set(slot.id, slot.tokens.slice(), slot.ownership);
    else this.#coming.delete(slot.id);
    this.#file(slot);
    if (!slot.keeps && slot.running === undefined) cutSlot(this.#parts.engine, slot, 0);
  }

  /** The next turn of a chat begins with this prompt, but seldom with just the tokens of its response. */
  async prefilled(slot: Slot): Promise<void> {
    const { engine } = this.#parts;
    this.remember(slot);
    if (engine.model.canCutState || !slot.keeps) return;
    slot.keep(await engine.checkpoint(slot.id));
    await this.#save(slot);
  }

  /**
   * Keeps what ended requests have left: at once where that is quick, else as soon as nobody waits for it. Where state
   * can't be cut their prompts have been kept, to which the next turn can go back.
   */
  async saveEnded(isIdle: boolean): Promise<void> {
    if (!this.#parts.engine.model.canCutState) return;
    const mostMs = isIdle ? Number.POSITIVE_INFINITY : SAVING_SHARE * this.#parts.settings.longestPauseMs;
    for (const slot of this.#parts.slots) {
      if (slot.isUnsaved && slot.evaluated * this.#saveMsPerToken <= mostMs) await this.#save(slot);
    }
  }

  /**
   * Keeps a running response now and then, so that whoever resumes it when this worker dies has little to read: the one with
   * the most tokens that no snapshot has, at most one before each step.
   */
  async saveRunning(): Promise<void> {
    const { slots, clock, snapshots, engine, settings } = this.#parts;
    const now = clock.monotonicMs();
    if (snapshots === undefined || !engine.model.canCutState || now < this.#nextRunningMs) return;
    const [slot] = slots
      .filter((each) => isGenerating(each) && unsavedTokens(each) >= LEAST_UNSAVED_TOKENS)
      .filter(({ evaluated }) => evaluated * this.#saveMsPerToken <= RUNNING_SHARE * settings.longestPauseMs)
      .toSorted((a, b) => unsavedTokens(b) - unsavedTokens(a));
    if (slot === undefined) return;
    await this.#save(slot);
    const end = clock.monotonicMs();
    this.#nextRunningMs = end + (end - now) / RUNNING_TIME_SHARE;
  }

  /** What a broken-off copy has left would be filed as its last owner's. */
  async #fillOrEmpty(choice: Filling, prompt: readonly number[]): Promise<void> {
    try {
      await this.#fill(choice, prompt);
    } catch (error) {
      cutSlot(this.#parts.engine, choice.slot, 0);
      throw error;
    }
  }

  /** Leaves in the slot what it and the prompt have in common. */
  async #fill(choice: Filling, prompt: readonly number[]): Promise<void> {
    const { engine, snapshots } = this.#parts;
    const { slot, cachedTokens, copyFrom, load } = choice;
    const goesOn = load === undefined && copyFrom === undefined && cachedTokens >= slot.evaluated;
    const isLost = slot.isUnsaved && engine.model.canCutState && !goesOn;
    if (isLost) await this.#save(slot);
    const savedTokens = copyFrom?.savedTokens ?? (slot.isUnsaved ? slot.savedTokens : Number.POSITIVE_INFINITY);
    slot.isUnsaved = false;
    if (load !== undefined && snapshots !== undefined) {
      slot.forget();
      slot.tokens = [...(await snapshots.load(load, slot.id))];
      slot.evaluated = slot.tokens.length;
    }
    if (copyFrom !== undefined) {
      await engine.copy(copyFrom.id, slot.id);
      slot.tokens = copyFrom.tokens.slice(0, copyFrom.evaluated);
      slot.evaluated = copyFrom.evaluated;
    }
    // Where all of the prompt is known its last token is evaluated again: its logits are gone.
    await this.#goBack(slot, Math.min(cachedTokens, prompt.length - 1));
    slot.savedTokens = Math.min(slot.evaluated, savedTokens);
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

  async #save(slot: Slot): Promise<void> {
    const { clock, snapshots } = this.#parts;
    slot.isUnsaved = false;
    if (snapshots === undefined || slot.evaluated === 0) return;
    const start = clock.monotonicMs();
    await snapshots.save(slot.id, slot.tokens.slice(0, slot.evaluated), slot.ownership);
    slot.savedTokens = slot.evaluated;
    this.#saveMsPerToken += SAVING_SMOOTHING * ((clock.monotonicMs() - start) / slot.evaluated - this.#saveMsPerToken);
  }

  #file(slot: Slot): void {
    if (slot.keeps) this.#prefixes.set(slot.id, slot.tokens.slice(0, slot.evaluated), slot.ownership);
    else this.#prefixes.delete(slot.id);
  }
}

/** Nobody waits for what is read ahead: that may be never. */
function isReading({ keeps, running, pending }: Slot): boolean {
  return keeps && running?.generated === 0 && running.isAhead !== true && pending > 0;
}

function isGenerating({ keeps, running }: Slot): boolean {
  return keeps && running !== undefined && !running.cancelled && running.generated > 0;
}

function unsavedTokens({ evaluated, savedTokens }: Slot): number {
  return evaluated - savedTokens;
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
