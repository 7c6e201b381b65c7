import { createStepCosts, type StepCosts } from "@drover/contract/step-costs";

/** What a machine's steps were measured to take. */
export interface RecordedMachine {
  readonly name: string;
  /** Of one group of tokens, nothing before them. */
  readonly costs: StepCosts;
  /** Of a million pairs of a token and one before it, beyond {@link costs}. */
  readonly attentionMs: number;
  /** Of a decode, whatever is in it. */
  readonly overheadMs: number;
  /** Of an exchange of two sequences. */
  readonly moveMs: number;
}

export function costsOf(tokensToMs: Readonly<Record<number, number>>): StepCosts {
  return createStepCosts(Object.entries(tokensToMs).map(([tokens, ms]) => ({ tokens: Number(tokens), ms })));
}

function machine(
  name: string,
  tokensToMs: Readonly<Record<number, number>>,
  more: Partial<Omit<RecordedMachine, "name" | "costs">> = {},
): RecordedMachine {
  return { name, costs: costsOf(tokensToMs), attentionMs: 0, overheadMs: 1, moveMs: 20, ...more };
}

/** The 1.5B model in Q4_0 on AMD EPYC (Zen 3, AVX2), two threads. */
export const zen3TwoThreads = machine("Zen 3, two threads", {
  1: 39.5,
  2: 80,
  3: 101,
  4: 112,
  5: 150,
  6: 186,
  7: 205,
  8: 226,
  16: 287,
  32: 566,
  64: 1140,
});

/** The same, one thread. */
export const zen3OneThread = machine("Zen 3, one thread", {
  1: 78,
  2: 147,
  3: 209,
  4: 212,
  5: 290,
  6: 330,
  7: 410,
  8: 425,
  16: 552,
  32: 1110,
  64: 2196,
});

/** The same model on AMD EPYC (Zen 4, AVX-512), two threads, flash attention off. */
export const zen4TwoThreads = machine(
  "Zen 4, two threads",
  {
    1: 36.7,
    2: 62.1,
    3: 85.3,
    4: 88.4,
    5: 126,
    6: 150,
    7: 181,
    8: 171,
    9: 195,
    10: 215,
    11: 246,
    12: 247,
    13: 277,
    14: 312,
    15: 316,
    16: 271,
    32: 381,
    48: 526,
    64: 720,
    96: 1064,
    128: 1497,
  },
  { attentionMs: 2500 },
);

/**
 * The same model on an Intel Xeon with AMX (Sapphire Rapids or later), two threads: two to sixteen tokens cost nearly the same, and prompts half of what
 * they cost without, in tiles of 32 tokens.
 */
export const amxTwoThreads = machine(
  "AMX, two threads",
  {
    1: 50.2,
    2: 89.4,
    3: 91.4,
    4: 93.3,
    6: 100,
    8: 114,
    10: 118,
    12: 124,
    16: 128,
    17: 150,
    20: 163,
    24: 182,
    32: 162,
    33: 278,
    64: 292,
    65: 424,
    96: 424,
  },
  { attentionMs: 7000, overheadMs: 4.5 },
);

/** Llama 3 8B in Q4_K_M on Arm Neoverse N2, 64 threads: bound by memory up to four tokens. Source: llama.cpp's pull request 13886. */
const neoverseN2 = machine("Neoverse N2, 64 threads", {
  1: 41.2,
  2: 41.7,
  4: 47.6,
  8: 69.7,
  16: 118,
  32: 217,
  128: 690,
});

export const recordedMachines: readonly RecordedMachine[] = [
  zen3OneThread,
  zen3TwoThreads,
  zen4TwoThreads,
  amxTwoThreads,
  neoverseN2,
];
