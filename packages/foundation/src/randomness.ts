/** Uniform in [0, 1). Passed in, so that tests can choose. */
export const systemRandom = (): number => Math.random();
