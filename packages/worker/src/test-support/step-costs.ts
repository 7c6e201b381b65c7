import { costsOf } from "../simulation/recorded-machines.ts";

/** As measured on AVX-512 with a 1.5B model in Q4_0: 4 cost less than 3, 8 less than 6. */
export const q40Costs = costsOf({ 1: 41, 2: 87, 3: 124, 4: 90, 5: 128, 6: 174, 7: 203, 8: 159, 32: 300, 128: 900 });

/** The same model in Q4_K: two groups of 4 cost less than one of 8. */
export const q4kCosts = costsOf({
  1: 41,
  2: 78,
  3: 110,
  4: 128,
  5: 173,
  6: 238,
  7: 347,
  8: 349,
  12: 393,
  16: 302,
  128: 1500,
});

/** A synthetic 1.5B model in Q4_0 on another day: 16 cost little more than 8, and 32 as much as twice 16. */
export const wideCosts = costsOf({ 1: 51, 2: 116, 3: 180, 4: 215, 8: 362, 16: 387, 32: 771, 64: 1535 });

/** A machine where each token costs the same and a group nearly nothing. */
export const linearCosts = costsOf({ 1: 10 });
