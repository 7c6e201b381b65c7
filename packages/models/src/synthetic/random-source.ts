/** A source of random numbers that gives the same ones for the same seed: files that we make are the same everywhere. */
export interface RandomSource {
  /** Uniform over 0 to 2^32 - 1. */
  readonly uint32: () => number;
  /** Standard normal. */
  readonly normal: () => number;
}

/** Source: Marsaglia, "Xorshift RNGs" (2003), the 13/17/5 triple; Box and Muller (1958) for the normal ones. */
export function randomSource(seed: number): RandomSource {
  let state = seed >>> 0 || 1;
  const uint32 = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const open01 = (): number => (uint32() + 0.5) / 2 ** 32;
  const normal = (): number => Math.sqrt(-2 * Math.log(open01())) * Math.cos(2 * Math.PI * open01());
  return { uint32, normal };
}
