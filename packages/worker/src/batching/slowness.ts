/** How much longer steps take right now than their table says, apart for decoding and for pieces of prompts. */
export interface Slowness {
  readonly decode: number;
  /** Grows with the tokens before the piece too: attention over them is not in the table. */
  readonly prompt: number;
}

/** What the table says of a step. */
export interface ExpectedMs {
  readonly decodeMs: number;
  readonly promptMs: number;
}

/** How fast the estimates follow. */
const SMOOTHING = 0.1;

/** How fast that of decoding follows steps with prompts: only to be right again when none is without for long. */
const MIXED_SMOOTHING = 0.01;

/** A step with a prompt that is so much quicker than expected says that decoding is not as slow as it was. */
const CLEARLY_QUICKER = 0.7;

/** A piece of a prompt leaves out the last layer, and saves no more by it: a piece much quicker means a quicker machine. */
const LEAST_PROMPT_SHARE = 0.75;

/** One step changes no estimate by more than this factor, and none leaves these bounds. */
const [LEAST, MOST] = [0.25, 8];

/**
 * The estimates after a step. Steps without prompts say how slow decoding is, and the others, with that known, how slow
 * prompts are: a prompt whose attention grows does not count as a machine on which decoding got slower, which would
 * allow the prompt still more time.
 */
export function followSlowness(now: Slowness, expected: ExpectedMs, tookMs: number): Slowness {
  const { decodeMs, promptMs } = expected;
  const guess = now.decode * decodeMs + now.prompt * promptMs;
  if (guess <= 0) return now;
  const ratio = within(tookMs / guess);
  if (promptMs === 0) return { ...now, decode: follow(now.decode, ratio, SMOOTHING) };
  const mixed = decodeMs === 0 ? 0 : ratio < CLEARLY_QUICKER ? SMOOTHING : MIXED_SMOOTHING;
  const decode = follow(now.decode, ratio, mixed);
  return { decode, prompt: Math.max(LEAST_PROMPT_SHARE * decode, follow(now.prompt, ratio, SMOOTHING)) };
}

function follow(value: number, ratio: number, smoothing: number): number {
  return within(value * (1 + smoothing * (ratio - 1)));
}

function within(value: number): number {
  return Math.min(MOST, Math.max(LEAST, value));
}
