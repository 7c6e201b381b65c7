import type { ChatMessage } from "../client/exchange.ts";
import type { Random } from "../random.ts";

/** What a user sends. */
export interface Prompt {
  readonly messages: readonly ChatMessage[];
  /** Prompts of one kind have figures of their own beside those of all; undefined where a preset has one kind only. */
  readonly kind?: string | undefined;
  /** Mean of the token limits of its responses. @default the plan's */
  readonly responseTokens?: number | undefined;
}

/** One user's way through a preset. */
export interface Conversation {
  /** What the user sends next. */
  next(): Prompt;
  /** The response to it; a preset with history keeps it. */
  responded(text: string): void;
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
  /** Mean of the responses' token limits. */
  readonly responseTokens: number;
  /** How far a response's own limit may be from the mean, as a share of it. @default 0.5 */
  readonly responseSpread?: number | undefined;
  /** Responses always have as many tokens as they may have (`ignore_eos`). @default false */
  readonly isFixedLength?: boolean | undefined;
  /** Which kind of request a window of so many responses counts. @default all */
  readonly countedKind?: string | undefined;
  /** The context that its longest prompts and responses need. @default any context is large enough */
  readonly leastContextTokens?: number | undefined;
  /** One more user beside those of the plan. */
  readonly beside?: Beside | undefined;
  conversation(context: PresetContext): Conversation;
}

/** A user who asks by the clock. The next request waits for the response to the one before, however late that is. */
export interface Beside {
  readonly everyMs: number;
  conversation(context: PresetContext): Conversation;
}
