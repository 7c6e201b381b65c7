/** How much longer steps take right now than their table says, apart for decoding and for pieces of prompts. */
export interface Slowness {
  readonly decode: number;
  readonly prompt: number;
  /** Of a million pairs of a prompt's token and one before its piece, in ms: their attention is not in the table. */
  readonly attentionMs: number;
}

/** As measured at start, nothing known of attention. */
export const AS_MEASURED: Slowness = { decode: 1, prompt: 1, attentionMs: 0 };

/** What a step is expected to take. */
export interface ExpectedStep {
  readonly kind: "decode" | "prompt";
  /** By the table; 0: not known. */
  readonly expectedMs: number;
  /** Of a piece of a prompt. @default 0 */
  readonly tokens?: number;
  /** Tokens of the prompt before the piece. @default 0 */
  readonly depth?: number;
}

/** What a step takes as things are. */
export function stepMs(now: Slowness, { kind, expectedMs, tokens = 0, depth = 0 }: ExpectedStep): number {
  return now[kind] * expectedMs + (now.attentionMs * tokens * depth) / 1e6;
}

/** How fast the estimates follow. */
const SMOOTHING = 0.1;

/** One step changes no estimate by more than this factor, and none leaves these bounds. */
const [LEAST, MOST] = [0.25, 8];

/** A piece so deep in its prompt says what attention takes, and one before that what prompts take by themselves. */
const LEAST_DEPTH = 512;

/** The estimates after a step of one kind. */
export function followSlowness(now: Slowness, step: ExpectedStep, tookMs: number): Slowness {
  const { kind, expectedMs, tokens = 0, depth = 0 } = step;
  if (expectedMs <= 0) return now;
  const own = now[kind] * expectedMs;
  if (depth >= LEAST_DEPTH && tokens > 0) {
    const seen = ((tookMs - own) / (tokens * depth)) * 1e6;
    return { ...now, attentionMs: Math.max(0, now.attentionMs + ATTENTION_SMOOTHING * (seen - now.attentionMs)) };
  }
  const ratio = within((tookMs - stepMs(now, step) + own) / own);
  return { ...now, [kind]: within(now[kind] * (1 + SMOOTHING * (ratio - 1))) };
}

/** Deep pieces are few, and the first should count. */
const ATTENTION_SMOOTHING = 0.3;

function within(value: number): number {
  return Math.min(MOST, Math.max(LEAST, value));
}
