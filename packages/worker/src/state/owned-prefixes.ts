import type { Ownership } from "../batching/ownership.ts";
import { SlotsByPrefix } from "./slots-by-prefix.ts";

/** The prefix index of states that have owners: finds what the asker may use, as if there were nothing else. */
export class OwnedPrefixes {
  readonly #own = new Map<string, SlotsByPrefix>();
  readonly #shared = new SlotsByPrefix();
  readonly #ownerOf = new Map<number, string>();

  /** Files a slot under these tokens, and under nothing else. */
  set(slot: number, tokens: readonly number[], { owner, sharedTokens }: Ownership): void {
    this.delete(slot);
    const index = this.#own.get(owner) ?? new SlotsByPrefix();
    this.#own.set(owner, index);
    this.#ownerOf.set(slot, owner);
    index.set(slot, tokens);
    this.#shared.set(slot, tokens.slice(0, sharedTokens));
  }

  delete(slot: number): void {
    const owner = this.#ownerOf.get(slot);
    if (owner === undefined) return;
    this.#ownerOf.delete(slot);
    this.#shared.delete(slot);
    const index = this.#own.get(owner);
    index?.delete(slot);
    if (index?.isEmpty === true) this.#own.delete(owner);
  }

  /** See {@link SlotsByPrefix.longest}. */
  longest(prompt: readonly number[], { owner, sharedTokens }: Ownership): ReturnType<SlotsByPrefix["longest"]> {
    const own = this.#own.get(owner)?.longest(prompt) ?? { slots: [], length: 0 };
    if (sharedTokens <= own.length) return own;
    const shared = this.#shared.longest(prompt.slice(0, sharedTokens));
    return shared.length > own.length ? shared : own;
  }
}
