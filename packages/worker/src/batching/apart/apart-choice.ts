import type { Clock } from "@drover/foundation/clock";
import type { ApartGrammar } from "../../engine/apart-grammars.ts";
import type { LogitRow, TokenMask, TokenSampler } from "../../engine/engine.ts";
import { grammarTooSlow, WorkerError } from "../../errors.ts";
import { GrammarPatience } from "./grammar-patience.ts";

/** The other slots wait so long for a token of this one; most take a fraction of a millisecond. Where the machine is busy, they wait half as long each time. */
const MOST_PATIENCE_MS = 20;
const LEAST_PATIENCE_MS = 1;

/** What the grammar says of a token that was drawn. */
type Judgement =
  | { readonly kind: "taken"; readonly token: number }
  | { readonly kind: "refused"; readonly allowed: TokenMask };

/** What is known of the next token before its logits are there. */
type Ruling = Judgement | { readonly kind: "none" } | { readonly kind: "known"; readonly allowed: TokenMask };

/** `held`: the slot takes part in no step until the grammar's process has looked; then its last token is decoded again. */
export type Chosen = { readonly token: number | undefined } | "held";

export interface ApartChoiceParts {
  readonly grammar: ApartGrammar;
  readonly clock: Clock;
  /** False: a token can't be decoded again, so that what is allowed must be known before. */
  readonly canCutState: boolean;
  /** The slot is no longer held. */
  readonly onReady: () => void;
  /** It has waited for its grammar for seconds. @returns why the request can't go on, if it can't */
  readonly onSlow: () => Error | undefined;
  readonly onClosed: () => void;
}

/**
 * Chooses the tokens of one request under a grammar in another process. They are the ones that llama.cpp chooses where it has the grammar itself: it draws
 * from all tokens, and where the grammar refuses that one it draws again, from those that are allowed.
 */
export class ApartChoice {
  readonly #parts: ApartChoiceParts;
  readonly #patience: GrammarPatience;
  #ruling: Ruling = { kind: "none" };
  #isHeld = false;
  #error: Error | undefined;
  #isClosed = false;
  #patienceMs = MOST_PATIENCE_MS;
  #endWait: () => void = () => undefined;

  constructor(parts: ApartChoiceParts) {
    this.#parts = parts;
    this.#patience = new GrammarPatience(parts.clock, {
      onSlow: () => this.giveUp(parts.onSlow()),
      onOver: () => this.giveUp(grammarTooSlow()),
    });
    this.#lookAhead();
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** The request can't go on. */
  get error(): Error | undefined {
    return this.#error;
  }

  async choose(sampler: TokenSampler, row: LogitRow): Promise<Chosen> {
    const known = this.#ruling;
    this.#ruling = { kind: "none" };
    if (known.kind === "taken" || known.kind === "refused") return await this.#follow(known, sampler, row);
    const drawn = await sampler.draw(row);
    if (drawn === undefined) return { token: undefined };
    if (known.kind === "known") {
      const isAllowed = known.allowed[drawn] === 1;
      return this.#choose(sampler, isAllowed ? drawn : await sampler.draw(row, known.allowed));
    }
    const judged = this.#judge(drawn);
    const ruling = await this.#soon(judged);
    if (ruling !== undefined) return await this.#follow(ruling, sampler, row);
    this.#hold(judged);
    return "held";
  }

  giveUp(error: Error | undefined): void {
    if (error === undefined) return;
    this.#fail(error);
    this.#release();
  }

  close(): void {
    this.#isClosed = true;
    this.#endWait();
    this.#parts.grammar.close();
    this.#parts.onClosed();
  }

  async #judge(token: number): Promise<Judgement> {
    if (await this.#parts.grammar.takeIfAllowed(token)) return { kind: "taken", token };
    return { kind: "refused", allowed: await this.#parts.grammar.allowed() };
  }

  async #follow(ruling: Judgement, sampler: TokenSampler, row: LogitRow): Promise<Chosen> {
    if (ruling.kind === "taken") return this.#take(sampler, ruling.token);
    return this.#choose(sampler, await sampler.draw(row, ruling.allowed));
  }

  /** The grammar has not taken it yet. */
  #choose(sampler: TokenSampler, token: number | undefined): Chosen {
    if (token === undefined) return { token };
    this.#parts.grammar.take(token).catch((error: unknown) => this.#fail(error));
    return this.#take(sampler, token);
  }

  #take(sampler: TokenSampler, token: number): Chosen {
    sampler.take(token);
    this.#patience.earn();
    this.#lookAhead();
    return { token };
  }

  #lookAhead(): void {
    if (this.#parts.canCutState) return;
    this.#hold(this.#parts.grammar.allowed().then((allowed) => ({ kind: "known", allowed })));
  }

  #hold(ruling: Promise<Ruling>): void {
    this.#isHeld = true;
    void this.#settle(ruling);
  }

  async #settle(ruling: Promise<Ruling>): Promise<void> {
    this.#endWait = this.#patience.wait();
    try {
      this.#ruling = await ruling;
    } catch (error) {
      this.#fail(error);
    }
    this.#release();
  }

  #release(): void {
    this.#endWait();
    this.#isHeld = false;
    if (!this.#isClosed) this.#parts.onReady();
  }

  #fail(error: unknown): void {
    this.#error ??= error instanceof Error ? error : new WorkerError("unexpected", String(error));
  }

  /** Undefined: not soon enough. Its failure counts later. */
  #soon(judged: Promise<Judgement>): Promise<Judgement | undefined> {
    return new Promise((resolve) => {
      let isLate = false;
      const stop = this.#parts.clock.after(this.#patienceMs, () => {
        isLate = true;
        this.#patienceMs = Math.max(LEAST_PATIENCE_MS, this.#patienceMs / 2);
        resolve(undefined);
      });
      const end = (ruling: Judgement | undefined) => {
        stop();
        if (isLate) return;
        this.#patienceMs = Math.min(MOST_PATIENCE_MS, this.#patienceMs * 2);
        resolve(ruling);
      };
      judged.then(end, () => end(undefined));
    });
  }
}
