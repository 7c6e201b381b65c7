import type { Clock } from "@drover/foundation/clock";
import type { Random } from "../random.ts";
import { type Candidate, candidateName } from "./candidate.ts";
import { coarseCandidates, neighbours } from "./search-space.ts";
import { pick, type Score, type Standing, standingOf, survivors } from "./standings.ts";

export interface SearchOptions {
  readonly cpus: number;
  readonly users: number;
  /** The search ends by then; a measurement that would not fit any more is not begun. */
  readonly limitMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly random: Random;
  /** Measures once. @returns the score, or why it could not run */
  readonly measure: (candidate: Candidate, round: number) => Promise<Score | { readonly failure: string }>;
  readonly onStanding?: ((standing: Standing, phase: string) => void) | undefined;
}

export interface SearchResult {
  /** In the order in which they were first tried. */
  readonly standings: readonly Standing[];
  readonly pick: Standing | undefined;
  /** Candidates for which there was no time. */
  readonly untried: readonly string[];
  readonly timeWasShort: boolean;
}

const ROUNDS = 4;
/** Share of the time for the coarse sweep; the rest is the refinement's. */
const COARSE_SHARE = 0.6;

/** What has been measured so far. */
class Trials {
  readonly #options: SearchOptions;
  readonly #scores = new Map<string, { candidate: Candidate; scores: Score[]; failure: string | undefined }>();
  readonly #startMs: number;
  #longestMs = 0;
  timeWasShort = false;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#startMs = options.clock.monotonicMs();
  }

  /** Measures once, if there is time until `share` of the limit. @returns false where there is not */
  async try(candidate: Candidate, phase: string, round: number, share: number): Promise<boolean> {
    const { clock, signal, limitMs, measure, onStanding } = this.#options;
    const beginMs = clock.monotonicMs();
    if (signal.aborted) return false;
    if (beginMs - this.#startMs + this.#longestMs > limitMs * share) {
      this.timeWasShort = true;
      return false;
    }
    const result = await measure(candidate, round);
    if (signal.aborted) return false;
    this.#longestMs = Math.max(this.#longestMs, clock.monotonicMs() - beginMs);
    const name = candidateName(candidate);
    const entry = this.#scores.get(name) ?? { candidate, scores: [], failure: undefined };
    this.#scores.set(name, entry);
    if ("failure" in result) entry.failure = result.failure;
    else entry.scores.push(result);
    onStanding?.(this.standing(candidate), phase);
    return true;
  }

  standing(candidate: Candidate): Standing {
    const entry = this.#scores.get(candidateName(candidate));
    return standingOf(candidate, entry?.scores ?? [], entry?.failure, this.#options.random);
  }

  all(): readonly Standing[] {
    return [...this.#scores.values()].map(({ candidate }) => this.standing(candidate));
  }
}

/**
 * Finds the best configuration within the time: a coarse race over the layouts, then a race of the winner against all
 * that differ from it in one respect, so that a change is adopted only if it wins measured side by side.
 */
export async function search(options: SearchOptions): Promise<SearchResult> {
  const trials = new Trials(options);
  const coarse = coarseCandidates(options.cpus, options.users);
  await race(trials, coarse, "layout", COARSE_SHARE);
  const winner = pick(trials.all());
  if (winner !== undefined) {
    const wanted = [winner.candidate, ...neighbours(winner.candidate)];
    await race(trials, wanted, "refinement", 1);
    // A change for the better is followed once more in each respect; what was tried is not tried again.
    const better = pick(trials.all());
    if (better !== undefined && better.name !== winner.name)
      await race(trials, [better.candidate, ...neighbours(better.candidate).filter(isNew(trials))], "refinement 2", 1);
  }
  const standings = trials.all();
  const tried = new Set(standings.map(({ name }) => name));
  return {
    standings,
    pick: pick(standings),
    untried: coarse.map(candidateName).filter((name) => !tried.has(name)),
    timeWasShort: trials.timeWasShort,
  };
}

function isNew(trials: Trials) {
  const tried = new Set(trials.all().map(({ name }) => name));
  return (candidate: Candidate) => !tried.has(candidateName(candidate));
}

/** Rounds in which all that are left are measured once, each round beginning with another, until one is left. */
async function race(trials: Trials, candidates: readonly Candidate[], phase: string, share: number): Promise<void> {
  let left = candidates;
  for (let round = 0; round < ROUNDS && left.length > 0; round += 1) {
    const at = round % left.length;
    for (const candidate of [...left.slice(at), ...left.slice(0, at)])
      if (!(await trials.try(candidate, phase, round, share))) return;
    left = survivors(
      left.map((candidate) => trials.standing(candidate)),
      round,
    ).map((one) => one.candidate);
    // The last one is measured on until it has an interval.
    if (left.length === 1 && left.every((candidate) => trials.standing(candidate).scores.length >= 3)) return;
  }
}
