/** Tokens of one link of the hash chain: shorter common prefixes are not worth finding. */
const BLOCK_TOKENS = 16;

/**
 * Finds the slot with the longest common prefix without comparing with each slot's tokens: slots are filed under the
 * chained hashes of their blocks, so a look-up reads the prompt once, up to the first block that nobody holds.
 */
export class SlotsByPrefix {
  readonly #tokensOf = new Map<number, readonly number[]>();
  readonly #hashesOf = new Map<number, readonly number[]>();
  readonly #slotsOf = new Map<number, Set<number>>();
  /** Those that wait are looked up before each step. */
  readonly #chains = new WeakMap<readonly number[], readonly number[]>();

  /** Files a slot under these tokens, and under nothing else. */
  set(slot: number, tokens: readonly number[]): void {
    this.delete(slot);
    const hashes = chain(tokens);
    if (hashes.length === 0) return;
    this.#tokensOf.set(slot, tokens);
    this.#hashesOf.set(slot, hashes);
    for (const hash of hashes) {
      const slots = this.#slotsOf.get(hash);
      if (slots === undefined) this.#slotsOf.set(hash, new Set([slot]));
      else slots.add(slot);
    }
  }

  get isEmpty(): boolean {
    return this.#hashesOf.size === 0;
  }

  delete(slot: number): void {
    for (const hash of this.#hashesOf.get(slot) ?? []) {
      const slots = this.#slotsOf.get(hash);
      slots?.delete(slot);
      if (slots?.size === 0) this.#slotsOf.delete(hash);
    }
    this.#hashesOf.delete(slot);
    this.#tokensOf.delete(slot);
  }

  /** Slots with the longest common prefix, which is `length` tokens; no slot where it is shorter than a block. */
  longest(prompt: readonly number[]): { readonly slots: readonly number[]; readonly length: number } {
    let candidates: ReadonlySet<number> = new Set();
    for (const hash of this.#chainOf(prompt)) {
      const next = this.#slotsOf.get(hash);
      if (next === undefined) break;
      candidates = next;
    }
    // Hashes can collide, and the prefix may end inside a block: the few that are left are compared.
    let best: { slots: number[]; length: number } = { slots: [], length: BLOCK_TOKENS };
    for (const slot of candidates) {
      const length = commonPrefix(this.#tokensOf.get(slot) ?? [], prompt);
      if (length > best.length) best = { slots: [slot], length };
      else if (length === best.length) best.slots.push(slot);
    }
    return best.slots.length === 0 ? { slots: [], length: 0 } : best;
  }

  #chainOf(prompt: readonly number[]): readonly number[] {
    const known = this.#chains.get(prompt);
    if (known !== undefined) return known;
    const made = chain(prompt);
    this.#chains.set(prompt, made);
    return made;
  }
}

/** FNV-1a over the tokens, one value at the end of each whole block. */
function chain(tokens: readonly number[]): readonly number[] {
  const hashes: number[] = [];
  let hash = 0x811c9dc5;
  for (let index = 0; index < tokens.length; index += 1) {
    hash = Math.imul(hash ^ (tokens[index] as number), 0x01000193);
    if ((index + 1) % BLOCK_TOKENS === 0) hashes.push(hash);
  }
  return hashes;
}

/** How many leading tokens are the same. */
export function commonPrefix(kept: readonly number[], prompt: readonly number[]): number {
  const most = Math.min(kept.length, prompt.length);
  let length = 0;
  while (length < most && kept[length] === prompt[length]) length += 1;
  return length;
}
