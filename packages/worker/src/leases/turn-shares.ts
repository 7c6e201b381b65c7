/** What computes: the steps of the batch loop and their measurements, or texts to embed. */
export type Computing = "steps" | "embeddings";

/**
 * Says whose turn is next, so that both have the same time while both want some: a text may take a hundred times as long as a step. Start-time fair
 * queueing (Goyal, Vin and Cheng, 1996) of two: who wanted nothing for a while has no claim on the past, and no debt is forgotten. Pure.
 */
export class TurnShares {
  readonly #hadMs: Record<Computing, number> = { steps: 0, embeddings: 0 };
  readonly #wanting = new Set<Computing>();
  /** What the one that was served last had before that. */
  #levelMs = 0;

  wants(kind: Computing): boolean {
    return this.#wanting.has(kind);
  }

  /** It wants turns, until `rest`. */
  want(kind: Computing): void {
    if (this.#wanting.has(kind)) return;
    this.#wanting.add(kind);
    this.#hadMs[kind] = Math.max(this.#hadMs[kind], this.#levelMs);
  }

  rest(kind: Computing): void {
    this.#wanting.delete(kind);
  }

  /** It had a turn of so long. */
  had(kind: Computing, ms: number): void {
    this.#levelMs = Math.max(this.#levelMs, this.#hadMs[kind]);
    this.#hadMs[kind] += ms;
  }

  /** Of those that want turns the one that had less; undefined: none wants any. */
  get next(): Computing | undefined {
    const [one, other] = this.#wanting;
    if (one === undefined || other === undefined) return one;
    return this.#hadMs[other] < this.#hadMs[one] ? other : one;
  }
}
