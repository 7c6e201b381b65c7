import type { Running, Slot } from "../batching/slot.ts";
import { type ExpectedPrompt, type GenerationSink, GREEDY } from "../generation-contract.ts";
import { commonPrefix } from "../state/slots-by-prefix.ts";

/** More chats than this rest between two turns, and those that have rested longest are forgotten. */
const MOST_WAITING = 8;

/** Is it held by a request, and not by what is read ahead of one? */
export function isAsked({ running }: Slot): boolean {
  return running !== undefined && running.isAhead !== true;
}

/**
 * Prompts that are read before anybody asks for them, one at a time, in slots that nobody needs: whoever comes gets all of
 * them back, with what they have read so far.
 */
export class AheadPrompts {
  readonly #slots: readonly Slot[];
  readonly #onEnded: (slot: Slot) => void;
  #waiting: Running[] = [];

  constructor(slots: readonly Slot[], onEnded: (slot: Slot) => void) {
    this.#slots = slots;
    this.#onEnded = onEnded;
  }

  add(expected: ExpectedPrompt, sinceMs: number): void {
    const request = { ...expected, maxTokens: 1, sampling: GREEDY, cachePrompt: true, ignoreEndOfText: true };
    const sink: GenerationSink = { onToken: () => "stop", onEnd: () => {} };
    this.#wait({ request, sink, sinceMs, generated: 0, cancelled: false, draftOdds: 0, isAhead: true });
  }

  /** The latest one, where a slot is free and no other is being read ahead. */
  next(): Running | undefined {
    const hasFreeSlot = this.#slots.some(({ running }) => running === undefined);
    return hasFreeSlot && this.#held.length === 0 ? this.#waiting.pop() : undefined;
  }

  /** Frees all slots for requests with these prompts. What none of them begins with is read on after them. */
  yieldTo(prompts: readonly (readonly number[])[]): void {
    for (const slot of this.#held) this.#wait(this.#free(slot));
    this.#waiting = this.#waiting.filter(
      ({ request: { prompt: ahead } }) => !prompts.some((prompt) => commonPrefix(ahead, prompt) === ahead.length),
    );
  }

  /** Nothing more is read ahead. */
  drop(): void {
    this.#waiting = [];
    // Its slot may be in the middle of a step: the loop frees it.
    for (const { running } of this.#held) if (running !== undefined) running.cancelled = true;
  }

  get #held(): readonly Slot[] {
    return this.#slots.filter(({ running }) => running?.isAhead === true);
  }

  #free(slot: Slot): Running {
    const running = slot.running as Running;
    slot.end("cancelled");
    // A snapshot of each beginning would cost more than reading it again.
    slot.isUnsaved = false;
    this.#onEnded(slot);
    return running;
  }

  #wait(running: Running): void {
    this.#waiting = [...this.#waiting, running].slice(-MOST_WAITING);
  }
}
