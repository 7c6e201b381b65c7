import type { ChatMessage } from "../client/exchange.ts";
import type { Random } from "../random.ts";

/** One user's way through a preset. */
export interface Conversation {
  /** What the user sends next. */
  next(): readonly ChatMessage[];
  /** The answer to it; a preset with history keeps it. */
  answered(text: string): void;
}

/** What conversations are made with. */
export interface PresetContext {
  readonly random: Random;
  /** Words that make one token of this target's model, measured or guessed. */
  readonly wordsPerToken: number;
}

/** A kind of load. */
export interface Preset {
  readonly name: string;
  /** One sentence for --help and the report. */
  readonly doc: string;
  readonly users: readonly number[];
  readonly warmupMs: number;
  readonly durationMs: number;
  readonly thinkMs: number;
  /** Mean of the answers' token limits; each answer's own is drawn from half to one and a half of it. */
  readonly answerTokens: number;
  conversation(context: PresetContext): Conversation;
}

/** A conversation whose questions do not depend on its answers. */
export function independentQuestions(next: () => readonly ChatMessage[]): Conversation {
  return { next, answered: () => {} };
}
