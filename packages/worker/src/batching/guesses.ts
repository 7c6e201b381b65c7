import type { WorkerSettings } from "@drover/contract/worker-options";
import type { Engine } from "../engine/engine.ts";
import type { StepCosts } from "@drover/contract/step-costs";
import { draftTokens } from "./draft-tokens.ts";
import { type DraftChoice, LONGEST_DRAFT, planDrafts } from "./plan-drafts.ts";
import type { Running, Slot } from "./slot.ts";

/** How fast the odds of a generation's guesses follow. */
const SMOOTHING = 0.2;

export interface GuessesParts {
  readonly engine: Engine;
  readonly costs: StepCosts | undefined;
  readonly settings: WorkerSettings;
}

export interface GuessCounts {
  drafted: number;
  /** Of them, those that came true. */
  draftsHeld: number;
}

/** Tokens that are guessed from a text so far, so that one step verifies several. */
export class Guesses {
  readonly #parts: GuessesParts;
  readonly #counts: GuessCounts;

  constructor(parts: GuessesParts, counts: GuessCounts) {
    this.#parts = parts;
    this.#counts = counts;
  }

  /** Gives each decoding slot the guesses that the next step verifies. @param ms of that step without them @returns how many, by slot */
  make(decoding: readonly Slot[], ms: number): ReadonlyMap<number, number> {
    const { engine, costs, settings } = this.#parts;
    if (settings.speculate === "off" || costs === undefined || !engine.model.canCutState) return new Map();
    const choices: DraftChoice[] = [];
    for (const slot of decoding) {
      const { request, generated, draftOdds: odds, apart } = slot.running as Running;
      if (apart !== undefined) continue;
      const room = Math.min(request.maxTokens - generated, engine.contextTokens - slot.tokens.length) - 1;
      slot.draft = draftTokens(slot.tokens, Math.min(LONGEST_DRAFT, room));
      choices.push({ slot: slot.id, drafted: slot.draft.length, odds });
    }
    const plan = planDrafts(choices, { ms, decoding: decoding.length, costs });
    for (const slot of decoding) slot.draft = slot.draft.slice(0, plan.get(slot.id) ?? 0);
    return plan;
  }

  /** Forgets the guesses that did not come true, and learns how good they were. */
  judge(slot: Slot, drafted: number, held: number): void {
    this.#parts.engine.cut(slot.id, slot.evaluated);
    this.#counts.drafted += drafted;
    this.#counts.draftsHeld += held;
    const { running } = slot;
    if (running === undefined) return;
    // Tokens behind the first refuted one were not judged.
    const odds = held / Math.min(drafted, held + 1);
    running.draftOdds += SMOOTHING * (odds - running.draftOdds);
  }
}
